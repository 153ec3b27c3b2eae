internal import Formats
internal import OAuth

/// The values that several flows have in common.
extension AccountSettings {
    /// Checks client id and scopes, whether from a file or from a request.
    static func checkNames(_ keys: AccountKeys, scopes: [String]) throws(Invalid) {
        // RFC 6749 appendix A.1 and A.4: visible characters; a scope does not contain spaces.
        if let id = keys.clientID,
            !(1...1024).contains(id.utf8.count) || !id.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        {
            throw Invalid(
                key: "client_id", problem: "the client id is empty or has invalid characters",
                hint: "give the id as the provider shows it"
            )
        }
        for scope in scopes where !isScope(scope) {
            throw Invalid(
                key: "scopes", problem: "'\(DisplayText.clean(scope, limit: 80))' is not one scope",
                hint: "give each scope by itself, without spaces"
            )
        }
    }

    static func checkSubject(_ keys: AccountKeys, issuer: Issuer?) throws(Invalid) {
        guard let expectedSubject = keys.expectedSubject else { return }
        // OpenID Connect Core 1.0 §2.
        guard (1...255).contains(expectedSubject.utf8.count),
            expectedSubject.utf8.allSatisfy({ (0x20...0x7E).contains($0) })
        else {
            throw Invalid(
                key: "expected_subject",
                problem: "a subject has 1 to 255 printable ASCII characters",
                hint: "give the subject as 'authagent status ACCOUNT' shows it"
            )
        }
        guard issuer != nil else {
            throw Invalid(
                key: "expected_subject", problem: "an expected subject needs an issuer",
                hint: "give the issuer as well"
            )
        }
    }

    static func checkDeviceParameters(_ keys: AccountKeys) throws(Invalid) {
        for name in keys.deviceParameters?.keys.sorted() ?? []
        where RequestDialect.isReserved(name) || !isScope(name) {
            throw Invalid(
                key: "device_parameters", problem: "'\(DisplayText.clean(name, limit: 80))' cannot be set",
                hint: "leave it out; the agent sets the protocol's own parameters"
            )
        }
    }

    private static func isScope(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isVisible && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}

extension [AccountSettings.Invalid] {
    /// Adds the reason if the check throws one.
    mutating func attempt(_ check: () throws(AccountSettings.Invalid) -> Void) {
        do throws(AccountSettings.Invalid) { try check() } catch { append(error) }
    }
}
