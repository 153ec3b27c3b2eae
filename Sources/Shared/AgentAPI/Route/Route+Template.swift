extension Route {
    /// A route without its account: there are few of them, whatever accounts there are.
    public enum Template: Int, CaseIterable, Sendable {
        case accounts, account, token, tokenRejected, login, logout, inspectOf, inspect, health, providers, reload,
            store
        case lock, unlock, doctor, events, openAPI, policyCheck, metrics

        public var path: String {
            switch self {
            case .accounts: "/v1/accounts"
            case .account, .token, .tokenRejected, .login, .logout, .inspectOf: "/v1/accounts/{account}" + action
            case .inspect: "/v1/inspect"
            case .health: "/v1/health"
            case .providers: "/v1/providers"
            case .reload: "/v1/reload"
            case .store: "/v1/store"
            case .lock: "/v1/lock"
            case .unlock: "/v1/unlock"
            case .doctor: "/v1/doctor"
            case .events: "/v1/events"
            case .openAPI: "/v1/openapi.json"
            case .policyCheck: "/v1/policy/check"
            case .metrics: "/metrics"
            }
        }

        /// What follows the name of the account.
        var action: String {
            switch self {
            case .token: "/token"
            case .tokenRejected: "/token/rejected"
            case .login: "/login"
            case .logout: "/logout"
            case .inspectOf: "/inspect"
            case .account, .accounts, .inspect, .health, .providers, .reload, .store, .lock, .unlock, .doctor, .events,
                .openAPI, .policyCheck, .metrics:
                ""
            }
        }
    }

    public var template: Template {
        switch self {
        case .accounts: .accounts
        case .account: .account
        case .token: .token
        case .tokenRejected: .tokenRejected
        case .login: .login
        case .logout: .logout
        case .inspect(nil): .inspect
        case .inspect: .inspectOf
        case .health: .health
        case .providers: .providers
        case .reload: .reload
        case .store: .store
        case .lock: .lock
        case .unlock: .unlock
        case .doctor: .doctor
        case .events: .events
        case .openAPI: .openAPI
        case .policyCheck: .policyCheck
        case .metrics: .metrics
        }
    }
}
