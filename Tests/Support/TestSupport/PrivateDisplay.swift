import Foundation
import Testing

/// An X server without a screen, and a hand at its keyboard, for programs that have windows.
final class PrivateDisplay: Sendable {
    /// Such as ":7".
    let name: String
    private let server: ChildProcess

    init() async throws {
        let program = try MissingProgram.require("Xvfb", package: "xvfb")
        // It takes the first number that is free and writes it. No auto-repeat: a key whose release comes late, because
        // its window has gone, would be pressed again in the next window.
        server = try ChildProcess(
            program, ["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset", "-r"],
            environment: ChildProcess.programEnvironment
        )
        name = ":" + (await server.line())
    }

    /// The server removes its lock and its socket from /tmp when it is asked to end.
    deinit {
        server.signal(SIGTERM)
        let deadline = ContinuousClock.now + .seconds(2)
        while server.isRunning, ContinuousClock.now < deadline { usleep(1000) }
    }

    struct Window: Sendable {
        let id: String
        let title: String
    }

    /// The windows that are shown, the newest last.
    func windows() async throws -> [Window] {
        var windows: [Window] = []
        for id in try await shown() {
            let title = try await xdotool("getwindowname", id).lines.first
            // It may have been closed meanwhile.
            if let title { windows.append(Window(id: id, title: title)) }
        }
        return windows
    }

    private func shown() async throws -> [String] {
        try await xdotool("search", "--onlyvisible", "--name", ".").lines
    }

    private func isShown(_ window: Window) async throws -> Bool { try await shown().contains(window.id) }

    /// Presses the keys in each window whose title contains `text`, the newest first, until all are closed. `waits` for
    /// the first one to open.
    func answer(_ text: String, keys: String..., waits: Bool = true) async throws {
        if waits { try await eventually("no window '\(text)' opens") { try await window(text) != nil } }
        try await eventually("windows '\(text)' stay open") {
            guard let window = try await window(text) else { return true }
            // Without a window manager no window has the keyboard by itself. To the one that has it keys come from the
            // server, as real ones do; Qt closes a dialog at the press, so that a release may find no window.
            _ = try await xdotool(["windowfocus", "--sync", window.id, "key"] + keys)
            // A dialog below another one takes no keys until that is closed, so this may be in vain.
            await settle(.seconds(1)) { try await !isShown(window) }
            return false
        }
    }

    /// Waits for windows whose title contains `text`, and clicks on the first button of the row at the bottom of each,
    /// the newest first, until all are closed.
    ///
    /// Keys do not reach it reliably: which button has the focus differs from one time to the next.
    func pressFirstButton(_ text: String) async throws {
        try await eventually("no window '\(text)' opens") { try await window(text) != nil }
        try await eventually("windows '\(text)' stay open") {
            guard let window = try await window(text) else { return true }
            let size = try await xdotool("getwindowgeometry", "--shell", window.id).lines
            func length(_ name: String) -> Int {
                size.first { $0.hasPrefix(name + "=") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
            }
            // From the left, in steps shorter than a button is wide: nothing lies before the first one.
            for x in stride(from: 10, to: length("WIDTH"), by: 40) {
                _ = try await xdotool(
                    "mousemove", "--window", window.id, "\(x)", "\(length("HEIGHT") - 20)", "click", "1")
                await settle(.milliseconds(30)) { try await !isShown(window) }
                guard try await isShown(window) else { break }
            }
            return false
        }
    }

    private func window(_ text: String) async throws -> Window? {
        try await windows().last { $0.title.contains(text) }
    }

    /// Gives the program time to do what it is expected to do.
    private func settle(_ limit: Duration, _ condition: () async throws -> Bool) async {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline, (try? await condition()) != true {
            try? await Task.sleep(for: .milliseconds(10))
        }
    }

    private func xdotool(_ arguments: String...) async throws -> ChildProcess.Result { try await xdotool(arguments) }

    private func xdotool(_ arguments: [String]) async throws -> ChildProcess.Result {
        let program = try MissingProgram.require("xdotool", package: "xdotool")
        return try await ChildProcess.run(
            program, arguments, environment: ChildProcess.programEnvironment.merging(["DISPLAY": name]) { $1 })
    }
}
