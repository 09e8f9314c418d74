/// The help texts of the program.
public enum Help {
  public static let program = """
    \(Version.name) \(Version.number): influence functions as a service

    usage: influenced serve [options]     serve the HTTP interface
           influenced backup FILE [--database FILE]
                                          copy a database, also one that is being served
           influenced --version
           influenced serve --help        every option
    """

  /// Every option with its default, its name in the environment and its meaning.
  public static var serve: String {
    var text = """
      usage: influenced serve [--config FILE] [options]

      Options come from the configuration file (JSON, names with underscores), from the environment,
      and from the command line; flags win, then the environment.

        --config FILE  (INFLUENCED_CONFIG)
            The configuration file.

      """
    let standard = Configuration()
    for option in ConfigurationOption.all {
      let value = option.placeholder.map { " " + $0 } ?? ""
      text += "\n  \(option.flag)\(value)  (\(option.variable), default: \(option.shown(standard)))\n"
      text += "      \(option.help)\n"
    }
    return text
  }
}
