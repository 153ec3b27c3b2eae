extension StringProtocol {
    /// Removes leading and trailing spaces and tabs, which are not part of a field value (RFC 9110 §5.5).
    func trimmingSpace() -> SubSequence {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let rest = drop(while: isSpace)
        guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return rest[rest.endIndex...] }
        return rest[...last]
    }
}
