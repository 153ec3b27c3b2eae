/// What a failure says about the next attempt.
extension TokenFailure {
    /// Whether the provider has answered a request for a target.
    var isAnswer: Bool {
        switch self {
        // A provider that refuses the request of a machine may mean the target alone: it does not always say so.
        case .targetRefused, .identityRefused, .grantRefused: true
        case .loginRequired, .loginDemanded, .locked, .store, .providerUnreachable, .providerRejected, .providerChanged,
            .noIDToken, .clientRefused, .configuration, .abandoned, .subjectLoginRequired:
            false
        }
    }

    /// Whether another attempt would only bring the same answer for some time.
    var isDefinite: Bool {
        switch self {
        // What was lacking is there once its account is unlocked or logged in.
        case .store, .providerUnreachable, .abandoned, .locked, .subjectLoginRequired: false
        case .loginRequired, .loginDemanded, .providerRejected, .providerChanged, .noIDToken, .clientRefused,
            .configuration, .targetRefused, .identityRefused, .grantRefused:
            true
        }
    }
}
