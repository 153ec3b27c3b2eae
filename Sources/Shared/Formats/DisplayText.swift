/// Sanitises a server's text for a terminal, a log and a status line.
public enum DisplayText {
    /// Returns one line of at most `limit` Unicode scalars without control sequences or invisible characters.
    ///
    /// Removes whole escape sequences (ECMA-48 §5), control, private-use and format characters (bidirectional
    /// overrides, UTR #36 §2.5). White space collapses to one space. A shortened text ends with an ellipsis.
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
            // Reserves room for the space too, so that a cut never leaves a trailing one.
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

    /// Fast path for ASCII words with single spaces: Unicode property lookups are slow, and an audit line has a dozen
    /// texts.
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

/// The parser's state within an ECMA-48 escape sequence.
private enum EscapeSequence {
    case none
    /// After ESC.
    case started
    /// After ESC and intermediate characters.
    case intermediate
    /// In a control sequence (CSI), until its final character.
    case control
    /// In a control string (OSC, DCS, SOS, PM, APC), until BEL or ST.
    case string
    /// In a control string, after an ESC that may start its terminator.
    case stringEscape

    /// Advances by one character; returns whether the character belongs to a sequence.
    mutating func absorbs(_ scalar: Unicode.Scalar) -> Bool {
        switch (self, scalar.value) {
        case (.string, 0x07), (.string, 0x9C), (.stringEscape, 0x5C): self = .none
        case (.string, 0x1B): self = .stringEscape
        case (.string, _): break
        // ESC followed by anything but a backslash ends the string and starts another sequence.
        case (.stringEscape, _): return begin(scalar)
        case (_, 0x1B): self = .started
        case (_, 0x9B): self = .control
        case (_, 0x90), (_, 0x98), (_, 0x9D...0x9F): self = .string
        case (.none, _): return false
        case (.started, _): return begin(scalar)
        case (.intermediate, 0x20...0x2F), (.control, 0x20...0x3F): break
        case (.intermediate, 0x30...0x7E), (.control, 0x40...0x7E): self = .none
        default:
            // Malformed: the rest is text again; its control characters are removed one by one.
            self = .none
            return false
        }
        return true
    }

    /// Handles the character after ESC.
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
