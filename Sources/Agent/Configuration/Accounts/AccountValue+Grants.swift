internal import AgentAPI
internal import Formats
internal import OAuth

/// Values that choose how an account logs in. What is not safe is refused with the reason and what to use instead.
extension AccountValue<AccountGrant, String> {
    static var grant: Self {
        Self.checked({ $0.name }) { (text) throws(AccountSettings.Refusal) in
            if let flow = RefusedFlow(grant: text) { throw .init(problem: flow.reason, hint: flow.instead) }
            guard let grant = AccountGrant(text) else {
                throw .init(
                    problem: "'\(DisplayText.clean(text, limit: 80))' is not a grant by which an account gets tokens",
                    hint: "choose one of: \(AccountGrant.names.joined(separator: ", "))")
            }
            return grant
        }
    }
}

extension AccountValue<AccountName, String> {
    /// The name of another account.
    static var account: Self {
        Self.checked({ $0.description }) { (text) throws(AccountSettings.Refusal) in
            guard let name = AccountName(text) else {
                throw .init(
                    problem: "'\(DisplayText.clean(text, limit: 80))' is not the name of an account",
                    hint: "give the name of an account's file, without .toml")
            }
            return name
        }
    }
}

extension AccountValue<TokenTypeIdentifier, String> {
    static var tokenType: Self {
        Self.checked({ $0.name }) { (text) throws(AccountSettings.Refusal) in
            guard let type = TokenTypeIdentifier(text) else {
                throw .init(
                    problem: "'\(DisplayText.clean(text, limit: 80))' is not the identifier of a token type",
                    hint: "give a URI, or one of: \(TokenTypeIdentifier.names.joined(separator: ", "))")
            }
            guard type.name != "refresh_token" else {
                throw .init(
                    problem: "a refresh token is not given to programs, and renews nothing of a derived account",
                    hint: "choose access_token, id_token, jwt or a URI")
            }
            return type
        }
    }
}

extension AccountValue<RedirectURI, String> {
    static var redirectURI: Self {
        Self.checked({ $0.text }) { (text) throws(AccountSettings.Refusal) in
            do throws(RedirectURI.Rejection) { return try RedirectURI(parsing: text) } catch {
                throw .init(problem: error.description, hint: error.hint)
            }
        }
    }
}

extension AccountSettings {
    /// Why a value is refused, whichever way it comes.
    struct Refusal: Error {
        let problem: String
        let hint: String
    }
}

extension AccountValue where Given == String {
    /// A text with a check of its own.
    fileprivate static func checked(
        _ text: @escaping @Sendable (Value) -> String,
        _ parser: @escaping @Sendable (String) throws(AccountSettings.Refusal) -> Value
    ) -> Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in
                guard let given = try file.string(key) else { return nil }
                do throws(AccountSettings.Refusal) { return try parser(given) } catch {
                    throw file.error(key, error.problem, hint: error.hint)
                }
            },
            write: { AccountFile.quoted(text($0)) },
            parse: { (key, given) throws(AccountSettings.Invalid) in
                do throws(AccountSettings.Refusal) { return try parser(given) } catch {
                    throw AccountSettings.Invalid(key: key, problem: "\(key): \(error.problem)", hint: error.hint)
                }
            })
    }
}
