internal import AgentAPI
internal import Configuration
internal import OAuth

/// Whom the agent asks on the phone. Several accounts may be one person's, whose questions count together.
struct AskedPerson: Hashable, Sendable {
    /// The key in the file of notes.
    let text: String

    /// `byOthers`: at the wish of callers other than the agent's owner, whose questions count apart, so that they neither
    /// use up nor stop those of the agent. `nil` if the account does not say whom to ask.
    init?(_ settings: AccountSettings, byOthers: Bool = false) {
        guard let issuer = settings.issuer, let hint = settings.loginHint else { return nil }
        text = (byOthers ? "others " : "") + issuer.text + " " + hint
    }

    init(text: String) { self.text = text }
}
