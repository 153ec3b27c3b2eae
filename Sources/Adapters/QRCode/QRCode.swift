internal import CQREncode

/// A QR code as text for a terminal.
///
/// Two rows of modules share a line of half blocks, so that a verification URI fits into 80 × 24: version 4 with its
/// quiet zone takes 37 columns and 19 lines.
public enum QRCode {
    /// The version of libqrencode.
    public static var libraryVersion: String { QRcode_APIVersionString().map { String(cString: $0) } ?? "unknown" }

    /// Returns the lines of a code for `text`; `nil` if it would be wider than `columns`. Light modules are drawn,
    /// because terminals are usually dark.
    public static func lines(for text: String, columns: Int = 40) -> [String]? {
        // Level L: a screen needs little error correction, and a smaller code scans better from a distance.
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1) else { return nil }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        guard width + 2 * quietZone <= columns, let data = code.pointee.data else { return nil }
        // libqrencode: bit 0 of each byte is 1 for a dark module.
        let isLight = { (row: Int, column: Int) in
            let inside = (0..<width).contains(row) && (0..<width).contains(column)
            return !inside || data[row * width + column] & 1 == 0
        }
        let range = -quietZone..<(width + quietZone)
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            String(
                range.map { column in
                    // There is nothing to draw below the last row.
                    let lower = row + 1 < range.upperBound && isLight(row + 1, column)
                    return switch (isLight(row, column), lower) {
                    case (true, true): "█"
                    case (true, false): "▀"
                    case (false, true): "▄"
                    case (false, false): " "
                    }
                })
        }
    }

    /// ISO/IEC 18004 requires 4 modules. Phones read codes with 2, and the 4 columns are needed here.
    private static let quietZone = 2
}
