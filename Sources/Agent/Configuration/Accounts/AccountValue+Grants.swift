internal import AgentAPI
internal import Formats
internal import OAuth

/// Values that choose how an account logs in. What is not safe is refused with the reason and what to use instead.
extension AccountValue<GrantKind, String> {
    static var grant: Self {
        var value = Self.checked({ $0.rawValue }) { (text) throws(AccountSettings.Refusal) in
            if let flow = RefusedFlow(grant: text) { throw .init(problem: flow.reason, hint: flow.instead) }
            guard let grant = GrantKind(rawValue: text) else {
                let all = GrantKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw .init(
                    problem: "'\(DisplayText.clean(text, limit: 80))' is not a grant that logs in",
                    hint: "choose one of: \(all)")
            }
            return grant
        }
        // Each grant has an option of its own: '--device', '--code', '--ciba'.
        value.option = { _ in AccountKey.option(for: GrantKind.code.rawValue) }
        return value
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
