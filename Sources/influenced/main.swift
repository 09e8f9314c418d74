import Foundation
import Service

exit(Program.run(CommandLine.arguments))
