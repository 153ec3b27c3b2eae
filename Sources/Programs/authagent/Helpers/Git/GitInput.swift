internal import AuthagentClient

/// What git writes to a credential helper: lines `key=value` to an empty line or the end (git-credential(1)). Valid as
/// long as the input.
struct GitInput {
    private(set) var scheme = Bytes(start: nil, count: 0)
    private(set) var host = Bytes(start: nil, count: 0)
    private(set) var path: Bytes?
    private(set) var username: Bytes?
    private(set) var password: Bytes?
    private(set) var credential: Bytes?
    /// Whether git knows when the password ends: from 2.40 on it does.
    private(set) var hasExpiry = false
    private var announcesAuthType = false
    private var challenges = Challenges()

    /// The schemes of `wwwauth[]`, which git sends from 2.41 on, after a 401.
    private struct Challenges {
        var offersBasic = false
        var offersBearer = false
    }

    /// Whether a Bearer token can be used: git knows how, and the server does not offer Basic alone.
    var takesBearer: Bool { announcesAuthType && (challenges.offersBearer || !challenges.offersBasic) }

    init(_ input: Bytes) throws(Failure) {
        guard input.place(of: "\0") == nil else {
            throw Failure("the input of git has a NUL character", hint: Helper.usageHint)
        }
        var rest = input
        while !rest.isEmpty {
            let end = rest.place(of: "\n") ?? rest.count
            let line = rest.part(0, end)
            guard !line.isEmpty else { return }
            guard let equals = line.place(of: "=") else {
                throw Failure("the input of git has a line without '='", hint: Helper.usageHint)
            }
            read(line.part(0, equals), line.dropping(equals + 1))
            rest = rest.dropping(min(end + 1, rest.count))
        }
    }

    /// Whether all of the input has come: git closes its end, a user at a terminal writes an empty line.
    static func isComplete(_ input: Bytes) -> Bool {
        guard input.first != 10 else { return true }
        guard input.count >= 2 else { return false }
        return input.dropping(input.count - 2).equals("\n\n")
    }

    private mutating func read(_ key: Bytes, _ value: Bytes) {
        if key.equals("protocol") {
            scheme = value
        } else if key.equals("host") {
            host = value
        } else if key.equals("path") {
            path = value
        } else if key.equals("username") {
            username = value
        } else if key.equals("password") {
            password = value
        } else if key.equals("credential") {
            credential = value
        } else if key.equals("password_expiry_utc") {
            hasExpiry = true
        } else if key.equals("capability[]") {
            // An empty value clears what was listed before.
            announcesAuthType = !value.isEmpty && (announcesAuthType || value.equals("authtype"))
        } else if key.equals("wwwauth[]") {
            guard !value.isEmpty else { return challenges = Challenges() }
            if Self.names("basic", value) { challenges.offersBasic = true }
            if Self.names("bearer", value) { challenges.offersBearer = true }
        }
    }

    /// Whether a field WWW-Authenticate names the scheme. A list has several (RFC 9110 §11.6.1), each after a comma.
    private static func names(_ scheme: StaticString, _ challenges: Bytes) -> Bool {
        var rest = challenges
        while true {
            let text = rest.trimmed
            var length = 0
            while length < text.count, text[length] != 0x20, text[length] != UInt8(ascii: ",") { length += 1 }
            if text.part(0, length).equalsIgnoringCase(scheme) { return true }
            guard let comma = rest.place(of: ",") else { return false }
            rest = rest.dropping(comma + 1)
        }
    }

    /// Lends the URL; does not call `use` for what is not a service of the web, and for a host that would make it
    /// another URL.
    func withURL(_ use: (Bytes) throws(Failure) -> Void) throws(Failure) {
        guard scheme.equals("https") || scheme.equals("http"), Self.isHost(host) else { return }
        var url = RawBytes(capacity: 512)
        url.append(scheme)
        url.append(literal: "://")
        url.append(host)
        url.append(literal: "/")
        if var path {
            while path.first == UInt8(ascii: "/") { path = path.dropping(1) }
            // git has decoded it, and its characters must not end the path here.
            url.append(encoded: path, except: "/!$&'()*+,;=:@")
        }
        guard url.count <= RequestText.longest else {
            throw Failure("the URL is longer than \(RequestText.longest) bytes", hint: Helper.usageHint)
        }
        try url.withBytes(use)
    }

    private static func isHost(_ host: Bytes) -> Bool {
        !host.isEmpty
            && host.allSatisfy { byte in
                switch byte {
                case ...0x20, 0x7F, UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"), UInt8(ascii: "@"),
                    UInt8(ascii: "\\"), UInt8(ascii: "%"):
                    false
                default: true
                }
            }
    }
}
