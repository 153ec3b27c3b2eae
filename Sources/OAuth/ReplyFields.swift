/// The members of one reply, however it was encoded. Members that nobody asks for are ignored (RFC 6749 §5.1).
package struct ReplyFields: Sendable {
    private let members: [String: JSONValue]

    package init(_ members: [String: JSONValue]) { self.members = members }

    /// The first of `names` that is there and not null.
    package subscript(_ names: String...) -> JSONValue? { first(of: names) }

    /// A member that is text, or a number where text was expected. An empty text counts as absent, because servers
    /// that always send every member leave those that do not apply empty.
    package func text(_ names: String...) -> String? {
        switch first(of: names) {
        case .string(let text), .number(let text): text.isEmpty ? nil : text
        default: nil
        }
    }

    /// The first of `names` that is text and not empty.
    package func string(_ names: String...) -> String? {
        names.lazy.compactMap { name in
            guard case .string(let text)? = members[name], !text.isEmpty else { return nil }
            return text
        }.first
    }

    /// Whole seconds from 1 to `maximum`; larger ones are clamped. Numbers may come as text.
    ///
    /// Nil for zero, negative and unreadable ones: servers whose tokens do not expire send 0 or -1.
    package func seconds(_ name: String, atMost maximum: Int) -> Int? {
        guard let text = text(name), text.utf8.allSatisfy({ $0.isDigit || "+-.eE".utf8.contains($0) }),
            let number = Double(text), number >= 1
        else { return nil }
        return Int(min(number, Double(maximum)))
    }

    /// A list of words: an array, or one text separated by spaces or commas. Nil if absent, empty if it is empty.
    package func words(_ name: String) -> [String]? {
        switch members[name] {
        case .string(let text): text.split { $0 == " " || $0 == "," }.map(String.init)
        case .array(let elements):
            elements.compactMap { element in
                guard case .string(let text) = element else { return nil }
                return text
            }
        default: nil
        }
    }

    private func first(of names: [String]) -> JSONValue? {
        names.lazy.compactMap { members[$0] }.first { $0 != .null }
    }
}
