internal import Formats

/// The short text that the user compares on both screens before approving (OpenID CIBA Core 1.0 §7.1).
public enum BindingMessage {
    /// Devices show little; the specification asks for short plain text.
    public static let longest = 20

    /// Returns two different words, drawn from some 65,000 pairs.
    public static func twoWords(randomBytes: (Int) -> [UInt8]) -> String {
        let draws = randomBytes(2).map(Int.init)
        let (first, second) = (draws.first ?? 0, draws.last ?? 1)
        // 256 words: a byte draws each with the same chance. A second of the same word gives way to its neighbour.
        let other = second == first ? (second + 1) % BindingWords.all.count : second
        return "\(BindingWords.all[first]) \(BindingWords.all[other])"
    }

    /// A sentence without its subject about a text that devices cannot show; `nil` if there is none.
    public static func problem(_ text: String) -> String? {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && DisplayText.clean(text) == text
        guard !text.isEmpty, isPlain else { return "is empty or has characters other than plain ASCII" }
        return text.utf8.count <= longest ? nil : "is longer than \(longest) characters"
    }
}
