internal import AgentAPI
public import OAuth

/// What an account's logins request beside scopes (RFC 9396).
extension AccountSettings {
    public var authorizationDetails: AuthorizationDetails? { keys.authorizationDetails }

    static func checkDetails(_ keys: AccountKeys, encoding: RequestEncoding) throws(Invalid) {
        guard keys.authorizationDetails != nil, !encoding.takesTarget else { return }
        throw Invalid(
            key: "authorization_details", problem: "this provider does not support authorization details",
            hint: "leave it out")
    }
}

extension AccountValue<AuthorizationDetails, String> {
    /// JSON in a text.
    static var authorizationDetails: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in
                guard let text = try file.string(key) else { return nil }
                do throws(AuthorizationDetails.Rejection) { return try AuthorizationDetails(parsing: text) } catch {
                    throw file.error(key, "\(error)", hint: hint)
                }
            },
            write: { AccountFile.quoted($0.text) },
            parse: { (key, text) throws(AccountSettings.Invalid) in
                do throws(AuthorizationDetails.Rejection) { return try AuthorizationDetails(parsing: text) } catch {
                    throw AccountSettings.Invalid(
                        key: key, problem: "the authorization details are not usable: \(error)", hint: hint)
                }
            })
    }

    private static var hint: String {
        #"give a JSON array of objects with a type, such as [{"type":"payment_initiation"}]"#
    }
}
