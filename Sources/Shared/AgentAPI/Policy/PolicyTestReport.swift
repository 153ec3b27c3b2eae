/// What came of asking the rules on disk what a file expects of them.
public struct PolicyTestReport: Codable, Equatable, Sendable {
    public var file: String
    /// How many there are in the configuration.
    public var rules: Int
    public var expectations: Int
    public var failures: [Failure]
    /// Why nothing could be asked; absent unless that is so.
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

    /// One expectation that is not met.
    public struct Failure: Codable, Equatable, Sendable {
        public var line: Int?
        public var expected: String
        public var got: String
        /// Which rule decides, and what keeps the expected one from it.
        public var reason: String

        public init(line: Int?, expected: String, got: String, reason: String) {
            self.line = line
            self.expected = expected
            self.got = got
            self.reason = reason
        }
    }

    /// A file that cannot be used.
    public struct Fault: Codable, Equatable, Sendable {
        public var detail: String
        public var hint: String

        public init(detail: String, hint: String) {
            self.detail = detail
            self.hint = hint
        }
    }
}
