internal import CQREncode

/// A QR code as text for a terminal.
///
/// Two rows of modules share one line of half blocks, so that a verification URI fits into 80 × 24: version 4 with its
/// quiet zone takes 37 columns and 19 lines.
public enum QRCode {
    /// The lines of a code for `text`. The light modules are the drawn ones, because terminals are usually dark. Nil
    /// when the text needs a code wider than `columns`.
    public static func lines(for text: String, columns: Int = 40) -> [String]? {
        // Level L: a screen is not dirty paper, and a smaller code is easier to scan from a distance.
        guard let code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1) else { return nil }
        defer { QRcode_free(code) }
        let width = Int(code.pointee.width)
        guard width + 2 * quietZone <= columns, let data = code.pointee.data else { return nil }
        // libqrencode: the lowest bit of each byte is 1 for a dark module.
        let isLight = { (row: Int, column: Int) in
            let inside = (0..<width).contains(row) && (0..<width).contains(column)
            return !inside || data[row * width + column] & 1 == 0
        }
        let range = -quietZone..<(width + quietZone)
        return stride(from: range.lowerBound, to: range.upperBound, by: 2).map { row in
            String(
                range.map { column in
                    // Below the last row there is nothing to draw: the zone ends there.
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

    /// ISO/IEC 18004 wants 4 modules; every phone of the last ten years reads 2, and 4 more columns are precious here.
    private static let quietZone = 2
}
