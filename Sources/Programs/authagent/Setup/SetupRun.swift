internal import ConfigurationText
internal import System

/// Changes of files and links: all are computed, then shown, then made, so that a refusal leaves everything as it was.
struct SetupRun {
    var files: [FileChange]
    var links: [LinkChange] = []
    var isWritten: Bool
    /// Whether it takes an earlier set-up out.
    var undoes: Bool

    func perform() throws {
        let results = try files.map { change in
            let file: EditableFile
            do throws(Fault) { file = try EditableFile(change.path) } catch { throw Failure(error) }
            return (change: change, file: file, text: try Self.text(change, file))
        }
        let links = try links.filter { try !$0.isDone(undoes: undoes) }
        for result in results where result.file.content != result.text { Self.show(result.file, result.text) }
        for link in links { link.show(undoes: undoes) }
        let changed = results.filter { $0.file.content != $0.text }
        for result in results where result.file.content == result.text {
            Console.print("# nothing to do: \(result.file.path) has it \(undoes ? "not" : "already")")
        }
        guard !(changed.isEmpty && links.isEmpty) else {
            if results.isEmpty { Console.print("# nothing to do") }
            return
        }
        guard isWritten else {
            Console.print("# not written: run the same command with --write")
            return
        }
        for (change, file, text) in changed {
            do throws(Fault) {
                if let text {
                    try file.replace(with: text, mode: change.mode, lock: change.lock)
                } else {
                    try file.remove()
                }
            } catch { throw Failure(error) }
            Console.print("# \(text == nil ? "removed" : "wrote") \(file.path)")
        }
        for link in links {
            try link.perform(undoes: undoes)
            Console.print("# \(undoes ? "removed" : "created") \(link.path)")
        }
    }

    private static func text(_ change: FileChange, _ file: EditableFile) throws -> [UInt8]? {
        do {
            return try change.apply(file.content)
        } catch let problem as ConfigurationProblem {
            throw Failure("cannot change \(file.path): \(problem.reason)", hint: problem.hint)
        }
    }

    private static func show(_ file: EditableFile, _ text: [UInt8]?) {
        Console.print("--- \(file.content == nil ? "/dev/null" : file.path)")
        Console.print("+++ \(text == nil ? "/dev/null" : file.path)")
        for line in LineDifference(file.content, text).text {
            // Tabs are part of a file's layout; other control characters are not shown.
            let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
            Console.print(parts.map { Console.clean(String($0)) }.joined(separator: "\t"))
        }
    }
}
