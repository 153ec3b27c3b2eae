package import Formats

/// The members of one reply, independent of its encoding. Unknown members are ignored (RFC 6749 §5.1).
package struct ReplyFields: Sendable {
    private let members: [String: JSONValue]

    package init(_ members: [String: JSONValue]) { self.members = members }

    /// The same members but one.
    func without(_ name: String) -> ReplyFields { ReplyFields(members.filter { $0.key != name }) }

    /// The first of `names` that is present and not null.
    package subscript(_ names: String...) -> JSONValue? { present(names).first }

    /// Returns a member that is text, or a number instead. Empty text counts as absent: servers that always send every
    /// member leave unused ones empty.
    package func text(_ names: String...) -> String? {
        names.lazy.compactMap { members[$0]?.text }.first
    }

    /// Returns the first of `names` that is non-empty text.
    package func string(_ names: String...) -> String? {
        names.lazy.compactMap { name in
            guard case .string(let text)? = members[name], !text.isEmpty else { return nil }
            return text
        }.first
    }

    /// Returns a member that has several spellings. Two spellings with different values are as bad as a duplicate name:
    /// two readers would see two different tokens in one reply.
    package func single(_ names: String...) throws(Ambiguity) -> JSONValue? {
        let values = present(names)
        let telling = values.filter { $0 != .string("") }
        guard let value = telling.first else { return values.first }
        guard telling.allSatisfy({ $0 == value }) else { throw Ambiguity(member: names[0]) }
        return value
    }

    /// Returns whole seconds from 1 to `maximum`; larger values are clamped. Numbers may be text.
    ///
    /// `nil` if zero, negative or unreadable: servers whose tokens do not expire send 0 or -1.
    package func seconds(
        _ names: String..., atMost maximum: Int, rounded rule: FloatingPointRoundingRule = .down
    ) -> Int? {
        names.lazy.compactMap { members[$0]?.text }.compactMap { text in
            guard text.utf8.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) }), let number = Double(text),
                number >= 1
            else { return nil }
            return Int(min(number.rounded(rule), Double(maximum)))
        }.first
    }

    /// Returns a list of words from an array, or from text separated by spaces or commas; `nil` if absent.
    package func words(_ names: String...) -> [String]? {
        names.lazy.compactMap { name in
            switch members[name] {
            case .string(let text): Self.split(text)
            case .array(let elements):
                elements.flatMap { element in
                    guard case .string(let text) = element else { return [String]() }
                    return Self.split(text)
                }
            default: nil
            }
        }.first
    }

    /// Returns a list whose texts may have spaces; `nil` if absent. Other elements are skipped.
    package func list(_ names: String...) -> [String]? {
        names.lazy.compactMap { name in
            switch members[name] {
            case .string(let text): [text]
            case .array(let elements): elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
            default: nil
            }
        }.first
    }

    /// Whether the member is true; some servers quote it.
    package func flag(_ name: String) -> Bool { [.bool(true), .string("true")].contains(members[name]) }

    /// Whether these members hold nothing but words, and the same ones.
    package func agreeOnWords(_ names: String...) -> Bool {
        let values = present(names)
        let lists = values.compactMap { value -> Set<String>? in
            switch value {
            case .string(let text): return Set(Self.split(text))
            case .array(let elements):
                let texts = elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
                return texts.count == elements.count ? Set(texts.flatMap(Self.split)) : nil
            default: return nil
            }
        }
        return lists.count == values.count && Set(lists).count <= 1
    }

    private static func split(_ text: String) -> [String] { text.split { $0 == " " || $0 == "," }.map(String.init) }

    private func present(_ names: [String]) -> [JSONValue] { names.compactMap { members[$0] }.filter { $0 != .null } }
}

extension ReplyFields {
    /// A member with two different values.
    package struct Ambiguity: Error, Equatable, CustomStringConvertible {
        package let member: String
        package var description: String { "the reply holds two different values of '\(member)'" }
    }
}

extension JSONValue {
    /// Non-empty text, or the digits of a number.
    var text: String? {
        switch self {
        case .string(let text), .number(let text): text.isEmpty ? nil : text
        default: nil
        }
    }
}
