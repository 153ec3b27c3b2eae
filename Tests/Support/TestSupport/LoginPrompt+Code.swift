package import AgentAPI

extension LoginPrompt {
    /// The code that a user enters; empty, which no issuer knows, if the prompt has none.
    package var enteredCode: String { userCode ?? "" }
}
