import Agent
import Foundation
import OAuth
import RedirectListener
import Synchronization
import System
import TestSupport
import Testing

/// The listener of a login by code, with real sockets.
@Suite(.timeLimit(.minutes(2)))
struct RedirectListenerTests {
    /// What arrived, and what becomes of it.
    private final class Taken: Sendable {
        let queries = Mutex<[String]>([])
        let addresses = Mutex<[String]>([])
        let right: String
        let verdict: RedirectVerdict

        init(right: String = "code=a&state=right", _ verdict: RedirectVerdict = .accepted) {
            (self.right, self.verdict) = (right, verdict)
        }

        func take(_ query: String) -> RedirectVerdict {
            queries.withLock { queries in
                defer { queries.append(query) }
                // The first right one counts, as in the agent.
                return query == right && !queries.contains(right) ? verdict : .ignored
            }
        }

        var all: [String] { queries.withLock { $0 } }
        var led: [String] { addresses.withLock { $0 } }

        var login: ListenedLogin {
            ListenedLogin(
                account: "work", shortPath: "/ab12cd", take: { self.take($0) },
                led: { address in self.addresses.withLock { $0.append(address) } })
        }
    }

    private let browser: Browser

    init() throws { browser = try Browser() }

    private func open(
        at redirectURI: String = "http://127.0.0.1/callback", _ taken: Taken,
        _ listeners: RedirectListeners = RedirectListeners()
    ) async throws -> any RedirectListener {
        try await listeners.listen(at: try RedirectURI(parsing: redirectURI), for: taken.login)
    }

    @Test("a browser types the short address, comes back with the response, and ends at a page without it")
    func wholeWay() async throws {
        let taken = Taken()
        let listener = try await open(taken)
        let root = "http://127.0.0.1:\(listener.port)"
        #expect(listener.shortURI == root + "/ab12cd")
        #expect(try await browser.get(listener.shortURI).status == 404)
        listener.lead(to: "https://issuer.example/authorize?client_id=c&request_uri=urn%3Aa")
        let lead = try await browser.get(listener.shortURI)
        #expect(lead.status == 302)
        #expect(lead.location == "https://issuer.example/authorize?client_id=c&request_uri=urn%3Aa")

        #expect(taken.led == ["https://issuer.example/authorize?client_id=c&request_uri=urn%3Aa"])

        let response = try await browser.get(root + "/callback?code=a&state=right")
        let page = try #require(response.location)
        #expect(response.status == 302 && !page.contains("?") && !page.contains("right"))
        #expect(try await browser.get(listener.shortURI).status == 404)
        // The login ends before the browser has followed.
        listener.close()
        let last = try await browser.get(page)
        #expect(last.status == 200 && last.body.contains("This tab may be closed."))
        #expect(!last.body.contains("script") && !last.body.contains("right"))
        try await eventually("the port stays open") { try await self.browser.isRefused(root + "/callback") }
        #expect(taken.all == ["code=a&state=right"])
    }

    @Test("wrong requests get 404 or 403 and are not taken for the response, which is taken afterwards")
    func wrong() async throws {
        let taken = Taken()
        let listener = try await open(at: "http://127.0.0.1/callback/work", taken)
        defer { listener.close() }
        let root = "http://127.0.0.1:\(listener.port)"
        for path in [
            "/", "/callback?code=a&state=right", "/callback/work", "/callback/other?code=a&state=right", "/favicon.ico",
        ] {
            #expect(try await browser.get(root + path).status == 404, "\(path)")
        }
        #expect(taken.all.isEmpty)
        #expect(try await browser.get(root + "/callback/work?code=a&state=wrong").status == 404)
        let foreign = try Browser(headers: ["Host: evil.example"])
        #expect(try await foreign.get(root + "/callback/work?code=a&state=right").status == 403)
        #expect(taken.all == ["code=a&state=wrong"])
        #expect(try await browser.get(root + "/callback/work?code=a&state=right").status == 302)
        // A second response changes nothing.
        #expect(try await browser.get(root + "/callback/work?code=a&state=right").status == 404)
    }

    @Test("the provider's refusal has a page of its own, which the browser gets although the login has ended")
    func declined() async throws {
        var listener: (any RedirectListener)? = try await open(
            Taken(right: "error=access_denied&state=right", .declined))
        let port = try #require(listener?.port)
        let response = try await browser.get("http://127.0.0.1:\(port)/callback?error=access_denied&state=right")
        // The agent keeps no listener of a login that has ended.
        listener?.close()
        listener = nil
        let page = try await browser.get(try #require(response.location))
        #expect(page.status == 200 && page.body.contains("not completed") && !page.address.contains("?"))
        try await eventually("the port stays open") { try await self.browser.isRefused("http://127.0.0.1:\(port)/") }
    }

    @Test("a browser that knows IPv6 alone reaches a login at localhost or ::1")
    func ipv6() async throws {
        for host in ["localhost", "[::1]"] {
            let taken = Taken()
            guard FileManager.default.fileExists(atPath: "/proc/self/net/if_inet6") else { return }
            let listener = try await open(at: "http://\(host)/", taken)
            defer { listener.close() }
            let only = try Browser(headers: ["Host: \(host):\(listener.port)"])
            #expect(try await only.get("http://[::1]:\(listener.port)/?code=a&state=right").status == 302)
            #expect(taken.all.count == 1)
        }
    }

    @Test("two logins at once have different ports, and a closed one refuses connections at once")
    func two() async throws {
        let listeners = RedirectListeners()
        let (first, second) = (try await open(Taken(), listeners), try await open(Taken(), listeners))
        #expect(first.port != second.port)
        first.close()
        #expect(try await browser.isRefused("http://127.0.0.1:\(first.port)/callback?code=a&state=right"))
        #expect(try await browser.get("http://127.0.0.1:\(second.port)/callback?code=a&state=right").status == 302)
        second.close()
    }

    @Test("a port that a program of this user has is refused, and the program is named")
    func taken() async throws {
        let python = try ChildProcess(
            "/usr/bin/python3",
            [
                "-c",
                """
                import socket, sys
                s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
                print(s.getsockname()[1], flush=True); sys.stdin.read()
                """,
            ], environment: ChildProcess.programEnvironment, input: nil)
        defer { python.signal(SIGKILL) }
        let port = try #require(Int(await python.line()))
        let failure = try await failure(at: "http://127.0.0.1:\(port)/callback")
        guard case .portTaken(port, .program(_, let pid)?)? = failure else {
            return #expect(Bool(false), "\(String(describing: failure))")
        }
        #expect(pid == python.pid)
    }

    @Test("for localhost the port must be free at both addresses: a program at ::1 would get the code")
    func takenAtOther() async throws {
        let other = try await open(at: "http://[::1]/", Taken())
        defer { other.close() }
        let free = try await open(at: "http://127.0.0.1/", Taken())
        free.close()
        let failure = try await failure(at: "http://localhost:\(other.port)/callback")
        #expect(failure == .portTaken(port: other.port, holder: .program(name: comm, pid: getpid())))
    }

    @Test("a port that another login of the agent has is refused, and its account is named")
    func ownPort() async throws {
        let listeners = RedirectListeners()
        let port = try ServerPort.free()
        let first = try await open(at: "http://127.0.0.1:\(port)/callback", Taken(), listeners)
        let failure = try await failure(at: "http://127.0.0.1:\(port)/callback", listeners)
        #expect(failure == .portTaken(port: port, holder: .login(of: "work")))
        first.close()
        let next = try await open(at: "http://127.0.0.1:\(port)/callback", Taken(), listeners)
        next.close()
    }

    @Test("the next login gets its fixed port although a browser has not fetched the last page")
    func samePort() async throws {
        let listeners = RedirectListeners()
        let port = try ServerPort.free()
        let first = try await open(at: "http://127.0.0.1:\(port)/callback", Taken(), listeners)
        #expect(try await browser.get("http://127.0.0.1:\(port)/callback?code=a&state=right").status == 302)
        first.close()
        let second = try await open(at: "http://127.0.0.1:\(port)/callback", Taken(), listeners)
        defer { second.close() }
        #expect(second.port == port)
        #expect(try await browser.get("http://127.0.0.1:\(port)/callback?code=a&state=right").status == 302)
    }

    private var comm: String {
        let name = try? String(contentsOfFile: "/proc/self/comm", encoding: .utf8)
        return name?.trimmingCharacters(in: .newlines) ?? ""
    }

    private func failure(
        at redirectURI: String, _ listeners: RedirectListeners = RedirectListeners()
    ) async throws -> RedirectListenFailure? {
        do throws(RedirectListenFailure) {
            let listener = try await listeners.listen(
                at: (try? RedirectURI(parsing: redirectURI)) ?? .standard, for: Taken().login)
            listener.close()
            return nil
        } catch {
            return error
        }
    }
}
