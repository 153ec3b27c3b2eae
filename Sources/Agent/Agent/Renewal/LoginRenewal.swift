internal import Configuration
internal import OAuth
internal import Vault

/// A login that the agent itself starts, to renew one that has ended.
struct LoginRenewal: Sendable {
    /// The person of the login that has ended: no other may renew it.
    let identity: Identity
    /// Counts the question before it is sent. Throws if it must not be sent.
    let admit: @Sendable () async throws(LoginError) -> Void
    /// Whether the login that has ended is still the account's: no logout, other login or lock has come meanwhile.
    let isWanted: @Sendable () -> Bool
}

extension LoginError {
    /// Why the agent does not ask again until a person logs in; `nil` if it may ask again later.
    var renewalStop: RenewalStop? {
        switch self {
        case .refused("access_denied", _): .declined
        case .refused("provider_unreachable", _), .refused("bad_response", _), .refused("expired_token", _): nil
        case .questionRefused(let error) where error.backchannelRefusal == .denied: .declined
        case .refused, .questionRefused, .unsuitable, .detailsUnsupported, .registeredClientRefused, .codeUnknown:
            .refused
        case .oauth(let failure): failure.isRefusal ? .refused : nil
        // The account has changed, or the login was cancelled: the approval itself is not in doubt.
        case .discarded(.superseded, _), .discarded(.accountChanged, _), .discarded(.cancelled, _): nil
        // An approval in vain: the next one would most likely be, too.
        case .discarded: .otherPerson
        case .answered, .codeRefused, .codeReplyLost, .pushRefused, .noAnswer, .listener, .expired, .timedOut,
            .cancelled, .agentStopped,
            .locked, .store, .noStore, .configuration,
            .registration, .notAsked, .machine:
            nil
        }
    }
}

extension OAuthFailure {
    /// Whether another attempt would fail in the same way.
    fileprivate var isRefusal: Bool {
        switch self {
        case .provider, .backchannelUnsupported: true
        default: false
        }
    }
}
