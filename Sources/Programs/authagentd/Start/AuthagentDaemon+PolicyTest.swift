internal import AgentAPI
internal import Configuration
internal import Glibc
internal import Policy
internal import System

extension AuthagentDaemon {
    /// Tests the rules on disk against a file of expectations. A running agent is not involved.
    static func test(_ file: String, _ environment: [String: String]) -> PolicyTestReport {
        guard let paths = UserPaths(environment: environment) else {
            let fault = StartFailure.homeMissing.fault
            return PolicyTestReport(file: file, error: .init(detail: fault.problem, hint: fault.hint))
        }
        do throws(ConfigurationError) {
            let settings = try DaemonSettings.load(paths)
            let content = try PolicyExpectationFile.load(file)
            let (rules, expectations) = (
                AccessRules(owner: content.owner ?? getuid(), rules: settings.rules), content.expectations
            )
            return PolicyTestReport(
                file: file, rules: rules.rules.count, expectations: expectations.count,
                failures: expectations.compactMap { $0.failure(under: rules) }
            )
        } catch {
            return PolicyTestReport(file: file, error: .init(detail: error.description, hint: error.hint))
        }
    }
}
