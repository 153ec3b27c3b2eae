/// Makes a server's words fit for a terminal, a log and a status line.
public enum DisplayText {
    /// One line of at most `limit` Unicode scalars, with nothing in it that a terminal obeys or a reader cannot see.
    ///
    /// Removed are escape sequences as a whole (ECMA-48 §5), control characters, format characters such as
    /// bidirectional overrides (UTR #36 §2.5), private use and other invisible ones. Line breaks and runs of white
    /// space become one space. A text that is cut ends with an ellipsis.
    public static func clean(_ text: some StringProtocol, limit: Int = 300) -> String {
        if isPlain(text, limit) { return String(text) }
        var line = String.UnicodeScalarView()
        var length = 0
        var wantsSpace = false
        var sequence = EscapeSequence.none
        for scalar in text.unicodeScalars {
            if sequence.absorbs(scalar) { continue }
            if scalar.properties.isWhitespace {
                wantsSpace = length > 0
                continue
            }
            guard isVisible(scalar) else { continue }
            // Room for the space as well, so that a cut never leaves one at the end.
            guard length + (wantsSpace ? 2 : 1) <= limit else { return cut(line, to: limit) }
            if wantsSpace {
                line.append(" ")
                length += 1
                wantsSpace = false
            }
            line.append(scalar)
            length += 1
        }
        return String(line)
    }

    /// What nearly every text is: words in ASCII with one space between them. Unicode's tables are slow to look up, and an
    /// audit line has a dozen texts.
    private static func isPlain(_ text: some StringProtocol, _ limit: Int) -> Bool {
        let space = UInt8(ascii: " ")
        var (length, last) = (0, space)
        for byte in text.utf8 {
            guard (space...0x7E).contains(byte), byte != space || last != space else { return false }
            last = byte
            length += 1
        }
        return length <= limit && last != space
    }

    private static func cut(_ line: String.UnicodeScalarView, to limit: Int) -> String {
        guard limit > 0 else { return "" }
        return String(String.UnicodeScalarView(line.prefix(limit - 1))) + "…"
    }

    private static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.properties.isDefaultIgnorableCodePoint || scalar.properties.isNoncharacterCodePoint { return false }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}

/// Where in an ECMA-48 escape sequence the text is.
private enum EscapeSequence {
    case none
    /// After ESC.
    case started
    /// After ESC and intermediate characters.
    case intermediate
    /// A control sequence, CSI: up to its final character.
    case control
    /// A control string (OSC, DCS, SOS, PM, APC): up to BEL or ST.
    case string
    /// A control string after an ESC, which may begin its end.
    case stringEscape

    /// Moves on by one character and says whether it belongs to a sequence, and so is not text.
    mutating func absorbs(_ scalar: Unicode.Scalar) -> Bool {
        switch (self, scalar.value) {
        case (.string, 0x07), (.string, 0x9C), (.stringEscape, 0x5C): self = .none
        case (.string, 0x1B): self = .stringEscape
        case (.string, _): break
        // ESC and anything but a backslash ends the string and begins another sequence.
        case (.stringEscape, _): return begin(scalar)
        case (_, 0x1B): self = .started
        case (_, 0x9B): self = .control
        case (_, 0x90), (_, 0x98), (_, 0x9D...0x9F): self = .string
        case (.none, _): return false
        case (.started, _): return begin(scalar)
        case (.intermediate, 0x20...0x2F), (.control, 0x20...0x3F): break
        case (.intermediate, 0x30...0x7E), (.control, 0x40...0x7E): self = .none
        default:
            // Malformed: what follows is text again, and its control characters are removed one by one.
            self = .none
            return false
        }
        return true
    }

    /// The character after ESC.
    private mutating func begin(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1B: self = .started
        case 0x5B: self = .control
        case 0x50, 0x58, 0x5D...0x5F: self = .string
        case 0x20...0x2F: self = .intermediate
        case 0x30...0x7E: self = .none
        default:
            self = .none
            return false
        }
        return true
    }
}
