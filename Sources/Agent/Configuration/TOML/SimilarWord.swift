/// The word that a misspelt one may stand for.
enum SimilarWord {
    /// Returns "did you mean"; `nil` if no word is similar.
    static func hint(for word: String, in words: [String]) -> String? {
        // A longer text is not similar to any word, and comparing it takes long.
        guard word.count <= 100, let nearest = words.min(by: { distance($0, word) < distance($1, word) }),
            distance(nearest, word) <= max(2, word.count / 3)
        else { return nil }
        return "did you mean '\(nearest)'?"
    }

    /// Returns the edit distance of two words (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let right = Array(right)
        var row = Array(0...right.count)
        for (index, letter) in left.enumerated() {
            var previous = row[0]
            row[0] = index + 1
            for column in right.indices {
                let substitution = previous + (letter == right[column] ? 0 : 1)
                previous = row[column + 1]
                row[column + 1] = min(substitution, row[column] + 1, previous + 1)
            }
        }
        return row[right.count]
    }
}
