import Foundation
import Testing

/// An X server without a screen, with simulated keys and clicks, for programs with windows.
final class PrivateDisplay: Sendable {
    /// Such as ":7".
    let name: String
    private let server: ChildProcess

    init() async throws {
        let program = try MissingProgram.require("Xvfb", package: "xvfb")
        // The server picks the first free number and writes it. No auto-repeat: a key released late, after its window
        // closed, would be repeated in the next window.
        server = try ChildProcess(
            program, ["-displayfd", "1", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset", "-r"],
            environment: ChildProcess.programEnvironment
        )
        name = ":" + (await server.line())
    }

    /// On SIGTERM the server removes its lock and its socket from /tmp.
    deinit {
        server.signal(SIGTERM)
        let deadline = ContinuousClock.now + .seconds(2)
        while server.isRunning, ContinuousClock.now < deadline { usleep(1000) }
    }

    struct Window: Sendable {
        let id: String
        let title: String
    }

    /// The visible windows, the newest last.
    func windows() async throws -> [Window] {
        var windows: [Window] = []
        for id in try await shown() {
            let title = try await xdotool("getwindowname", id).lines.first
            // The window may have been closed meanwhile.
            if let title { windows.append(Window(id: id, title: title)) }
        }
        return windows
    }

    private func shown() async throws -> [String] {
        try await xdotool("search", "--onlyvisible", "--name", ".").lines
    }

    private func isShown(_ window: Window) async throws -> Bool { try await shown().contains(window.id) }

    /// Presses the keys in each window whose title contains `text`, the newest first, until all are closed. `waits`:
    /// first wait for such a window.
    func answer(_ text: String, keys: String..., waits: Bool = true) async throws {
        if waits { try await eventually("no window '\(text)' opens") { try await window(text) != nil } }
        try await eventually("windows '\(text)' stay open") {
            guard let window = try await window(text) else { return true }
            // Without a window manager, no window has the keyboard focus. A focused window gets server-generated keys,
            // as real ones are; Qt closes a dialog on the press, so the release may find no window.
            _ = try await xdotool(["windowfocus", "--sync", window.id, "key"] + keys)
            // A dialog below another one gets no keys until that is closed, so this may have no effect.
            await settle(.seconds(1)) { try await !isShown(window) }
            return false
        }
    }

    /// Waits for windows whose title contains `text`, and clicks the first button in the bottom row of each, the newest
    /// first, until all are closed.
    ///
    /// Keys do not work reliably: the focused button varies.
    func pressFirstButton(_ text: String) async throws {
        try await eventually("no window '\(text)' opens") { try await window(text) != nil }
        try await eventually("windows '\(text)' stay open") {
            guard let window = try await window(text) else { return true }
            let size = try await xdotool("getwindowgeometry", "--shell", window.id).lines
            func length(_ name: String) -> Int {
                size.first { $0.hasPrefix(name + "=") }.flatMap { Int($0.dropFirst(name.count + 1)) } ?? 0
            }
            // From the left, in steps narrower than a button: the first button is hit first.
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

    /// Waits for an expected effect.
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
