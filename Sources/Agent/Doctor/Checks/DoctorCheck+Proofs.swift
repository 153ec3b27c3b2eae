package import AgentAPI
internal import Formats
package import OAuth

/// Keys, assertions and subjects of accounts without a person.
extension DoctorCheck {
    /// In seconds. A cluster or SPIFFE renews a token long before: an older one says that nothing renews it.
    private static let nearEnd = 60

    package static func accountKey(_ account: AccountName, _ detail: String) -> DoctorCheck {
        DoctorCheck(.accountKey, .ok, detail, account: account)
    }

    package static func accountKey(_ account: AccountName, refused failure: ClientProofFailure) -> DoctorCheck {
        DoctorCheck(.accountKey, .problem, failure.problem, hint: failure.hint, account: account)
    }

    /// `expiresAt` and `wall` are in seconds since 1970.
    package static func accountAssertion(
        _ account: AccountName, _ path: String, expiresAt: Int?, at wall: Int
    ) -> DoctorCheck {
        guard let expiresAt else {
            return DoctorCheck(.accountAssertion, .ok, "\(path) has an assertion with no expiry", account: account)
        }
        let detail = "\(path) has an assertion that expires at \(RFC3339.text(expiresAt))"
        guard expiresAt - wall < nearEnd else { return DoctorCheck(.accountAssertion, .ok, detail, account: account) }
        return DoctorCheck(
            .accountAssertion, .warning, detail + ", in \(expiresAt - wall) s",
            hint: "check that the program that writes the file still runs", account: account)
    }

    package static func accountAssertion(
        _ account: AccountName, refused failure: ClientProofFailure
    ) -> DoctorCheck {
        DoctorCheck(.accountAssertion, .problem, failure.problem, hint: failure.hint, account: account)
    }

    /// `root`: the account at the end of the chain from `source`; `state`: its state, `nil` if no agent knows it.
    package static func accountSubject(
        _ account: AccountName, _ source: AccountName, _ root: AccountName, _ state: AccountStatus.State?
    ) -> DoctorCheck {
        let chain = source == root ? "'\(source)'" : "'\(source)', and that from '\(root)'"
        switch state {
        case .loginRequired?, .loginPending?:
            return DoctorCheck(
                .accountSubject, .problem, "its token is made from that of \(chain), which has no login",
                hint: "run 'authagent login \(root)'", account: account)
        case nil:
            return DoctorCheck(
                .accountSubject, .ok, "its token is made from that of \(chain); no agent knows whether it has a login",
                account: account)
        default:
            return DoctorCheck(
                .accountSubject, .ok, "its token is made from that of \(chain)", account: account)
        }
    }
}
