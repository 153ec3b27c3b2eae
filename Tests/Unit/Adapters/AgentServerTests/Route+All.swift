import AgentAPI

extension Route {
    /// Every route, with this account where one belongs.
    static func all(_ account: AccountName) -> [Route] {
        Array(sequence(first: .accounts) { $0.next(account) })
    }

    /// Written so that the compiler asks for a route that is new.
    private func next(_ account: AccountName) -> Route? {
        switch self {
        case .accounts: .account(account)
        case .account: .token(account)
        case .token: .tokenRejected(account)
        case .tokenRejected: .login(account)
        case .login: .logout(account)
        case .logout: .inspect(account)
        case .inspect(.some): .inspect(nil)
        case .inspect(nil): .health
        case .health: .providers
        case .providers: .reload
        case .reload: .store
        case .store: .lock
        case .lock: .unlock
        case .unlock: .doctor
        case .doctor: .policyCheck
        case .policyCheck: .events
        case .events: .openAPI
        case .openAPI: .metrics
        case .metrics: nil
        }
    }
}
