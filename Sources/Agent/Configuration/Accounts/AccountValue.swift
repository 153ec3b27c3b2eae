internal import OAuth

/// How the values of a type are read from an account file, written to it, and parsed from what a login brings.
struct AccountValue<Value: Sendable, Given: Sendable>: Sendable {
    let read: @Sendable (inout TOMLFile, String) throws(ConfigurationError) -> Value?
    /// Returns a file's lines, for the key's name and its value.
    let lines: @Sendable (String, Value) -> [String]
    let parse: @Sendable (String, Given) throws(AccountSettings.Invalid) -> Value
    /// Returns the option of `authagent login` for a key with this name.
    var option: @Sendable (String) -> String = { AccountKey.option(for: $0) }

    /// Creates a value that takes one line of a file.
    init(
        read: @escaping @Sendable (inout TOMLFile, String) throws(ConfigurationError) -> Value?,
        write: @escaping @Sendable (Value) -> String,
        parse: @escaping @Sendable (String, Given) throws(AccountSettings.Invalid) -> Value
    ) {
        self.read = read
        lines = { ["\($0) = \(write($1))"] }
        self.parse = parse
    }
}

extension AccountValue where Given == Value {
    /// Creates a value that a login brings as it is.
    fileprivate init(
        read: @escaping @Sendable (inout TOMLFile, String) throws(ConfigurationError) -> Value?,
        write: @escaping @Sendable (Value) -> String
    ) {
        self.init(read: read, write: write, parse: { $1 })
    }

    fileprivate init(
        read: @escaping @Sendable (inout TOMLFile, String) throws(ConfigurationError) -> Value?,
        lines: @escaping @Sendable (String, Value) -> [String]
    ) {
        self.read = read
        self.lines = lines
        parse = { $1 }
    }
}

extension AccountValue<String, String> {
    static var text: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in try file.string(key) },
            write: { AccountFile.quoted($0) })
    }
}

extension AccountValue<[String], [String]> {
    /// A list of texts. Its option is repeated, so it names one of them.
    static var list: Self {
        var value = Self(
            read: { (file, key) throws(ConfigurationError) in try file.strings(key) },
            write: { "[\($0.map(AccountFile.quoted).joined(separator: ", "))]" })
        value.option = { AccountKey.option(for: $0.hasSuffix("s") ? String($0.dropLast()) : $0) }
        return value
    }
}

extension AccountValue<[ServiceURL], [ServiceURL]> {
    static var urls: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in try file.serviceURLs(key) },
            write: { "[\($0.map { AccountFile.quoted($0.text) }.joined(separator: ", "))]" })
    }
}

extension AccountValue<Bool, Bool> {
    static var boolean: Self {
        Self(read: { (file, key) throws(ConfigurationError) in try file.boolean(key) }, write: { "\($0)" })
    }
}

extension AccountValue<Bool, Bool> {
    /// Whether PKCE is used. Its method is not a choice.
    static var proofKey: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in
                if file.isText(key), let flow = try file.string(key).flatMap(RefusedFlow.init(challengeMethod:)) {
                    throw file.error(key, flow.reason, hint: flow.instead)
                }
                return try file.boolean(key)
            }, write: { "\($0)" })
    }
}

extension AccountValue<Duration, Duration> {
    static var duration: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in try file.duration(key) },
            write: { AccountFile.quoted("\($0.components.seconds)s") })
    }
}

extension AccountValue<[String: String], [String: String]> {
    static var table: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in try file.texts(key) },
            lines: { name, texts in
                ["[\(name)]"]
                    + texts.sorted { $0.key < $1.key }
                    .map { "\(AccountFile.quoted($0.key)) = \(AccountFile.quoted($0.value))" }
            })
    }
}

extension AccountValue<[String: String], [String: String]> {
    /// Parameters of a request. Its option is repeated, so it names one of them.
    static var parameters: Self {
        var value = Self.table
        value.option = { AccountKey.option(for: String($0.dropLast())) }
        return value
    }
}

extension AccountValue where Value: RawRepresentable<String> & CaseIterable, Given == String {
    static var choice: Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in try file.choice(key, Value.self) },
            write: { AccountFile.quoted($0.rawValue) },
            parse: { (key, text) throws(AccountSettings.Invalid) in
                guard let value = Value(rawValue: text) else {
                    let all = Value.allCases.map(\.rawValue).joined(separator: ", ")
                    throw AccountSettings.Invalid(
                        key: key, problem: "there is no \(key) '\(text)'", hint: "choose one of: \(all)")
                }
                return value
            })
    }
}

extension AccountValue where Given == String {
    /// A URL, which is written as its `text`.
    static func url(
        _ parser: @escaping @Sendable (String) throws(URLRejection) -> Value,
        _ text: any KeyPath<Value, String> & Sendable
    ) -> Self {
        Self(
            read: { (file, key) throws(ConfigurationError) in try file.url(key, parser) },
            write: { AccountFile.quoted($0[keyPath: text]) },
            parse: { (key, text) throws(AccountSettings.Invalid) in
                do throws(URLRejection) { return try parser(text) } catch {
                    throw AccountSettings.Invalid(
                        key: key, problem: "the \(key.replacing("_", with: " ")) is not usable: \(error.description)",
                        hint: error.hint)
                }
            })
    }
}
