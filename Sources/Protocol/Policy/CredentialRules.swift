public import AgentAPI
internal import Synchronization

/// One `[[credential]]`: the token that a unit gets from systemd as a credential (systemd.exec(5), LoadCredential=).
public struct CredentialRule: Equatable, Sendable {
    public var unit: Glob
    /// The credential's name in the unit.
    public var credential: Glob
    public var account: AccountName
    /// `nil` for the login's own token.
    public var target: TokenTarget?
    public var what: SinkContentKind

    public init(
        unit: Glob, credential: Glob, account: AccountName, target: TokenTarget? = nil,
        what: SinkContentKind = .accessToken
    ) {
        self.unit = unit
        self.credential = credential
        self.account = account
        self.target = target
        self.what = what
    }
}

/// The rules about credentials that are in force. A reload replaces them.
public final class CredentialRules: Sendable {
    private let rules: Mutex<[CredentialRule]>

    public init(_ rules: [CredentialRule]) { self.rules = Mutex(rules) }

    public func replace(_ rules: [CredentialRule]) { self.rules.withLock { $0 = rules } }

    /// Returns the first rule about this unit and credential, and its number from 1; `nil` if there is none.
    public func first(unit: String, credential: String) -> (rule: CredentialRule, number: Int)? {
        rules.withLock { rules in
            rules.firstIndex { $0.unit.matches(unit) && $0.credential.matches(credential) }.map { (rules[$0], $0 + 1) }
        }
    }
}
