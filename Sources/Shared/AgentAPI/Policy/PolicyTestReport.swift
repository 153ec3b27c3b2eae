/// The result of testing the rules on disk against a file of expectations.
public struct PolicyTestReport: Codable, Equatable, Sendable {
    public var file: String
    /// The number of rules in the configuration.
    public var rules: Int
    public var expectations: Int
    public var failures: [Failure]
    /// The reason why the test could not run; otherwise absent.
    public var error: Fault?

    public init(
        file: String, rules: Int = 0, expectations: Int = 0, failures: [Failure] = [], error: Fault? = nil
    ) {
        self.file = file
        self.rules = rules
        self.expectations = expectations
        self.failures = failures
        self.error = error
    }

    /// An expectation that is not met.
    public struct Failure: Codable, Equatable, Sendable {
        public var line: Int?
        public var expected: String
        public var got: String
        /// The deciding rule, and why the expected one does not match.
        public var reason: String

        public init(line: Int?, expected: String, got: String, reason: String) {
            self.line = line
            self.expected = expected
            self.got = got
            self.reason = reason
        }
    }

    /// A configuration or a test file that cannot be used.
    public struct Fault: Codable, Equatable, Sendable {
        public var detail: String
        public var hint: String

        public init(detail: String, hint: String) {
            self.detail = detail
            self.hint = hint
        }
    }
}
