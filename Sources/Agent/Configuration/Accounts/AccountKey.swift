package import AgentAPI

/// A key of an account file, which the file, a login's settings, the options and the manual have in common.
package struct AccountKey: Sendable {
    package let name: String
    /// The member of a login's settings that brings the key; `nil` if only the file can set it.
    package let member: LoginSettings.CodingKeys?
    /// The option of `authagent login` for the key; `nil` if only the file can set it.
    package let option: String?
    let place: Place
    let read: @Sendable (inout TOMLFile, inout AccountDraft) throws(ConfigurationError) -> Void
    /// Returns the key's lines in a file; none if it is not set.
    package let lines: @Sendable (AccountKeys) -> [String]
    /// Sets the key if a login brings it.
    let take: @Sendable (LoginSettings, inout AccountKeys) throws(AccountSettings.Invalid) -> Void
    /// Copies the key to the account's settings at another provider; `nil` if it belongs to the provider.
    let keep: (@Sendable (AccountKeys, inout AccountKeys) -> Void)?

    /// The part of a file in which the key is written.
    enum Place: CaseIterable {
        /// The provider, whose values the other keys override.
        case head
        case body
        /// A table extends to the end of the file.
        case end
    }
}

extension AccountKey {
    typealias Path<Value> = any WritableKeyPath<AccountKeys, Value?> & Sendable

    /// Creates a key that only the file can set. `isKept`: whether it stays when a login changes the provider.
    init<Value: Sendable, Given: Sendable>(
        _ name: String, _ value: AccountValue<Value, Given>, _ path: Path<Value>, in place: Place = .body,
        isKept: Bool = false
    ) {
        self.init(
            name: name, member: nil, option: nil, place: place, read: Self.reader(name, value, path),
            lines: Self.writer(name, value, path), take: { _, _ in }, keep: isKept ? Self.keeper(path) : nil)
    }

    /// Creates a key that a login may bring; it has the name of the login's member.
    init<Value: Sendable, Given: Sendable>(
        _ member: LoginSettings.CodingKeys, _ value: AccountValue<Value, Given>, _ path: Path<Value>,
        from given: any KeyPath<LoginSettings, Given?> & Sendable, in place: Place = .body, isKept: Bool = false
    ) {
        let name = member.rawValue
        self.init(
            name: name, member: member, option: value.option(name), place: place,
            read: Self.reader(name, value, path), lines: Self.writer(name, value, path),
            take: { (settings, keys) throws(AccountSettings.Invalid) in
                guard let given = settings[keyPath: given] else { return }
                keys[keyPath: path] = try value.parse(name, given)
            }, keep: isKept ? Self.keeper(path) : nil)
    }

    private static func keeper<Value: Sendable>(
        _ path: Path<Value>
    ) -> @Sendable (AccountKeys, inout AccountKeys) -> Void {
        { $1[keyPath: path] = $0[keyPath: path] }
    }

    /// Returns the option of `authagent login` for a key with this name.
    static func option(for name: String) -> String { "--" + name.replacing("_", with: "-") }

    private static func reader<Value: Sendable, Given: Sendable>(
        _ name: String, _ value: AccountValue<Value, Given>, _ path: Path<Value>
    ) -> @Sendable (inout TOMLFile, inout AccountDraft) throws(ConfigurationError) -> Void {
        { (file, draft) throws(ConfigurationError) in draft.keys[keyPath: path] = try value.read(&file, name) }
    }

    private static func writer<Value: Sendable, Given: Sendable>(
        _ name: String, _ value: AccountValue<Value, Given>, _ path: Path<Value>
    ) -> @Sendable (AccountKeys) -> [String] {
        { keys in keys[keyPath: path].map { value.lines(name, $0) } ?? [] }
    }
}
