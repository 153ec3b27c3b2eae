internal import Glibc
internal import LoopbackHTTP
internal import System

/// A page that leads a browser to the login's address, in a file that only this user can read. Every user can read the
/// arguments of a browser, and one who has the address can log in with it as another person.
final class StartPage {
    let address: String
    private let path: String

    /// `nil` without a private directory of this session.
    init?(to target: String) {
        guard let directory = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), directory.hasPrefix("/"),
            (try? PrivateDirectory.check(directory)) != nil
        else { return nil }
        path = "\(directory)/authagent-login-\(EndpointSecret().text.prefix(12)).html"
        address = "file://" + path
        let raw = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard raw >= 0 else { return nil }
        let file = Descriptor(owning: raw)
        let isWritten = Array(Self.page(to: target).utf8).withUnsafeBytes {
            SystemCall.writeAll($0, to: file.raw).error == nil
        }
        guard isWritten else { return nil }
    }

    deinit { unlink(path) }

    private static func page(to target: String) -> String {
        let address = target.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="referrer" content="no-referrer">
            <meta http-equiv="refresh" content="0;url=\(address)"><title>authagent</title></head>
            <body><p><a href="\(address)">Go on to the login</a></p></body>
            </html>

            """
    }
}
