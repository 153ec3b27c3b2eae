internal import AgentSetup
internal import System

/// Prints the steps of a plan, or does them one after the other and notes what it has done.
struct AgentSetupRun {
    let plan: AgentSetupPlan
    let shell: SetupShell
    let record: SetupRecordFile
    /// Whether the steps take an earlier set-up back.
    let undoes: Bool

    func show() {
        for note in plan.notes { Console.note(note) }
        for step in plan.steps { Self.show(step) }
        if !undoes { showRemarks() }
        let isDone = plan.steps.allSatisfy { $0.state == .done }
        Console.print("# \(isDone ? "nothing to do" : "not written: run the same command with --write")")
    }

    private func showRemarks() { for remark in plan.remarks { Console.print("# next: \(Console.clean(remark))") } }

    private static func show(_ step: SetupStep) {
        switch step.state {
        case .done: return Console.print("# \(Console.clean(step.title)): done already\n")
        case .needed: Console.print("# \(Console.clean(step.title))")
        case .hidden: Console.print("# \(Console.clean(step.title)), unless that is done: only root can see it")
        case .refused(let fault):
            return Console.print("# first: \(Console.clean(fault.hint)), because \(Console.clean(fault.problem))\n")
        }
        for action in step.actions {
            switch action {
            case .command(let line): Console.print(Console.clean(line))
            case .file(let path, let mode, let text):
                Console.print("cat >\(path) <<'END'\n\(text)END\nchmod \(String(mode, radix: 8)) \(path)")
            }
        }
        Console.print("")
    }

    /// Does the steps that are needed, up to the first that fails.
    func perform() throws {
        for note in plan.notes { Console.note(note) }
        // Nothing is done if a later step is known to be in vain.
        for step in plan.steps {
            if case .refused(let fault) = step.state { throw Self.failure(step, fault.problem, hint: fault.hint) }
        }
        let needed = plan.steps.filter { $0.state != .done }
        for (number, step) in plan.steps.enumerated() {
            Self.show(step)
            do {
                if step.state != .done {
                    // A unit that does not start is enabled all the same.
                    if !undoes { try record.add(step.records.filter { $0.kind == .unit }) }
                    try perform(step)
                }
                try note(step)
            } catch let failure as Failure {
                let count = plan.steps[..<number].count { $0.state != .done }
                Console.print("# \(count) of \(needed.count) steps are done; the same command goes on from there")
                throw failure
            }
        }
        guard !needed.isEmpty else { return Console.print("# nothing to do") }
        Console.print("# done")
        if !undoes { showRemarks() }
    }

    private func perform(_ step: SetupStep) throws {
        for action in step.actions {
            switch action {
            case .command(let line):
                let output = try shell.run(line)
                if output.status != 0 { throw Self.failure(step, output) }
            case .file(let path, let mode, let text):
                do throws(Fault) {
                    let file = try EditableFile(path)
                    guard file.content == nil else {
                        throw Fault("\(path) is there by now", hint: "run the same command again")
                    }
                    try file.replace(with: Array(text.utf8), mode: mode)
                } catch { throw Self.failure(step, error.problem, hint: error.hint) }
            }
        }
    }

    /// Notes a step at once, so that a set-up that fails later can be undone.
    private func note(_ step: SetupStep) throws {
        if undoes {
            try record.remove(step.records)
        } else if step.state == .needed {
            try record.add(step.records)
        }
    }

    private static func failure(_ step: SetupStep, _ problem: String, hint: String) -> Failure {
        Failure("cannot \(step.title): \(problem)", hint: hint.isEmpty ? step.remedy : hint)
    }

    /// The command's own words, and its own remedy if it is this program.
    private static func failure(_ step: SetupStep, _ output: SetupShell.Output) -> Failure {
        let lines = output.text.split(separator: "\n").map(String.init)
        func own(_ kind: String) -> String? {
            lines.first { $0.hasPrefix("authagent: \(kind): ") }.map {
                String($0.dropFirst("authagent: \(kind): ".count))
            }
        }
        let reason = own("error") ?? lines.first ?? "the command ended with \(output.status)"
        return failure(step, reason, hint: own("hint") ?? step.remedy)
    }
}
