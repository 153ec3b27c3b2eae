/// The lines that are typed or pasted at a terminal whose kernel does not edit lines (termios(3), non-canonical mode):
/// with editing, it cuts a line at 4,095 bytes, and addresses with the codes of some providers are longer.
public struct TypedLines: Sendable {
    /// What has become of the input.
    public enum Event: Equatable, Sendable {
        /// A line without control characters, and without white space at its ends. It is never empty.
        case line(String)
        /// A line of more than `longest` bytes, which is dropped.
        case tooLong
        /// Ctrl-D in an empty line.
        case end
    }

    /// In bytes. With the rest of the request it fits into the agent's limit of 64 KiB.
    public static let longest = 60 * 1024
    /// The columns that a line takes on the screen: a pasted address must not push the login's own from it.
    private static let longestShown = 40

    private var line: [UInt8] = []
    private var isTooLong = false
    private var sequence = Sequence.none
    /// Whether the input is between the marks of a bracketed paste: line breaks in it do not end the line.
    private var isPasted = false

    public init() {}

    /// The beginning of the unfinished line, in ASCII, to be shown at the terminal.
    public var shown: String {
        let visible = line.prefix(Self.longestShown).map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }
        let text = String(decoding: visible, as: UTF8.self)
        return line.count > Self.longestShown ? text.dropLast(3) + "..." : text
    }

    /// Takes the next bytes of the input.
    public mutating func take(_ bytes: some Swift.Sequence<UInt8>) -> [Event] { bytes.compactMap { take($0) } }

    /// Returns the address in a whole input that is not a terminal's, wrapped or not; `nil` if there is none, or it is
    /// longer than `longest`.
    public static func address(in input: some Swift.Sequence<UInt8>) -> String? {
        var lines = TypedLines()
        lines.isPasted = true
        let events = lines.take(input) + [lines.finish()].compactMap(\.self)
        guard !events.contains(.tooLong) else { return nil }
        for case .line(let text) in events { return text }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Event? {
        if let ended = sequence.absorb(byte) {
            if let ended { isPasted = ended == "[200~" || isPasted && ended != "[201~" }
            return nil
        }
        switch byte {
        case 0x0A, 0x0D: return isPasted ? nil : finish()
        // DEL, backspace.
        case 0x7F, 0x08: erase()
        // Ctrl-U and Ctrl-W: an address is one word.
        case 0x15, 0x17: clear()
        case 0x04 where line.isEmpty && !isTooLong: return .end
        case 0x20 where isPasted, 0x09 where isPasted: break
        case 0x20...0x7E, 0x80...: append(byte)
        default: break
        }
        return nil
    }

    private mutating func append(_ byte: UInt8) {
        if line.count < Self.longest { line.append(byte) } else { isTooLong = true }
    }

    private mutating func erase() {
        // All bytes of a character (RFC 3629 §3).
        while let last = line.popLast(), last & 0xC0 == 0x80 {}
    }

    private mutating func clear() {
        line = []
        isTooLong = false
    }

    private mutating func finish() -> Event? {
        defer { clear() }
        guard !isTooLong else { return .tooLong }
        let text = line.drop { $0 == 0x20 }.reversed().drop { $0 == 0x20 }.reversed()
        return text.isEmpty ? nil : .line(String(decoding: Array(text), as: UTF8.self))
    }

    /// An escape sequence of the terminal (ECMA-48 §5): of a key, or around a bracketed paste.
    private enum Sequence {
        case none
        case started
        /// In a control sequence, with its characters so far.
        case control(String)
        /// Before the one character that ends the sequence.
        case single

        /// Longer ones are not a terminal's.
        private static let longest = 16

        /// Returns `nil` if the byte is not a part of a sequence; otherwise the sequence that it ends, if it does.
        mutating func absorb(_ byte: UInt8) -> String?? {
            switch (self, byte) {
            case (_, 0x1B): self = .started
            case (.none, _): return nil
            case (.started, UInt8(ascii: "[")): self = .control("[")
            case (.started, UInt8(ascii: "O")): self = .single
            case (.started, 0x20...0x7E), (.single, 0x20...0x7E): self = .none
            case (.control(let text), 0x20...0x3F) where text.utf8.count < Self.longest:
                self = .control(text + String(Unicode.Scalar(byte)))
            case (.control(let text), 0x40...0x7E):
                self = .none
                return .some(text + String(Unicode.Scalar(byte)))
            default:
                // Malformed, such as the key Esc before Enter: the byte is input.
                self = .none
                return nil
            }
            return .some(nil)
        }
    }
}
