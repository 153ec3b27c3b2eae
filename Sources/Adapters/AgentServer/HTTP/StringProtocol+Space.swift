extension StringProtocol {
    /// Without the spaces and tabs around it, which belong to no field's value (RFC 9110 §5.5).
    func trimmingSpace() -> SubSequence {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let rest = drop(while: isSpace)
        guard let last = rest.lastIndex(where: { !isSpace($0) }) else { return rest[rest.endIndex...] }
        return rest[...last]
    }
}
