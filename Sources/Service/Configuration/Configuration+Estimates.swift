import Foundation
import Jobs
import Tensor

extension Configuration {
  /// The largest estimate of a job that the service accepts.
  var jobLimits: JobLimits {
    let memory =
      jobMemoryLimit > 0 ? Double(jobMemoryLimit) : 0.9 * Double(ProcessInfo.processInfo.physicalMemory)
    return JobLimits(
      memoryBytes: memory, resultBytes: Double(artifactLimit), seconds: jobTimeLimit > 0 ? jobTimeLimit : nil)
  }

  /// The machine that estimates assume.
  func machine(_ pool: ComputePool) throws -> Machine {
    try computeRate > 0
      ? Machine(multiplyAdds: computeRate * 1e9, threads: pool.threads, memoryLimit: memoryLimit)
      : Machine(pool: pool, memoryLimit: memoryLimit)
  }
}
