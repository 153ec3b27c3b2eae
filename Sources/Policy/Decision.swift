/// What came of asking the rules.
public struct Decision: Equatable, Sendable {
    public var isAllowed: Bool
    /// The rule that decided, from 1 in the order of the files; nil: the default, which knows the owner and root only.
    public var rule: Int?

    public init(isAllowed: Bool, rule: Int?) {
        self.isAllowed = isAllowed
        self.rule = rule
    }

    static let nobody = Decision(isAllowed: false, rule: nil)
}
