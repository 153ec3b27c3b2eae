import Foundation

/// A private session bus without service activation, except for the given programs.
public final class PrivateBus: Sendable {
    public let address: String
    private let daemon: ChildProcess

    /// Listens at `socket`, which must be free. `activatable` maps bus names to the programs that the bus starts for
    /// them.
    public init(
        socket: String, files: TemporaryDirectory, activatable: [String: String] = [:]
    ) async throws {
        let program = try MissingProgram.require("dbus-daemon", package: "dbus")
        address = "unix:path=\(socket)"
        let services = try activatable.isEmpty ? nil : files.directory("services")
        for (name, command) in activatable {
            try files.file("services/\(name).service", "[D-BUS Service]\nName=\(name)\nExec=\(command)\n")
        }
        // Without service directories, the bus does not activate a keyring.
        let configuration = try files.file(
            "bus.conf",
            """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>\(address)</listen>
              <auth>EXTERNAL</auth>
              \(services.map { "<servicedir>\($0)</servicedir>" } ?? "")
              <policy context="default">
                <allow send_destination="*" eavesdrop="true"/>
                <allow eavesdrop="true"/>
                <allow own="*"/>
              </policy>
            </busconfig>
            """)
        try? FileManager.default.removeItem(atPath: socket)
        daemon = try ChildProcess(
            program, ["--nofork", "--nopidfile", "--print-address", "--config-file=\(configuration)"],
            environment: ChildProcess.programEnvironment
        )
        _ = await daemon.line(beginning: "unix:")
    }

    /// Ends the bus at once, and with it every connection.
    public func kill() async {
        daemon.signal(SIGKILL)
        _ = await daemon.result()
    }
}
