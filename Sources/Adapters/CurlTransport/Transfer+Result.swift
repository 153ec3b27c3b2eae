internal import CCurl
internal import Formats
internal import Glibc
internal import OAuth

extension Transfer {
    /// Maps libcurl's result code to the outcome of the transfer.
    func result(_ code: CURLcode) -> Outcome {
        if isBodyTooLarge { return .failure(.bodyTooLarge(limit: configuration.bodyLimit)) }
        if areHeadersTooLarge { return .failure(tooManyHeaders) }
        guard code == CURLE_OK, let easy else {
            lackedDescriptor = timesSent == 0 && isWithoutDescriptor
            return .failure(failure(code))
        }
        var status = 0
        ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return .success(HTTPResponse(status: status, headers: headers, body: body))
    }

    /// Whether name resolution is still running. libcurl sets its duration, at least 1 µs, once the name is resolved;
    /// addresses and `localhost` are resolved at once.
    var isLookingUp: Bool {
        guard hasBegunLookup, let easy else { return false }
        var time: curl_off_t = 0
        ccurl_get_size(easy, CURLINFO_NAMELOOKUP_TIME_T, &time)
        return time == 0
    }

    /// Whether a descriptor was missing, for the connection or for the CA file.
    private var isWithoutDescriptor: Bool {
        if [EMFILE, ENFILE].contains(opened.pointee.error) { return true }
        let probe = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard probe < 0 else {
            close(probe)
            return false
        }
        return [EMFILE, ENFILE].contains(errno)
    }

    /// Whether the proxy refused CONNECT, so that nothing was sent through it.
    private var isTunnelRefused: Bool {
        guard let easy else { return false }
        var status = 0
        ccurl_get_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
        return status != 0 && status / 100 != 2
    }

    var lastPort: Int { Int(opened.pointee.port) }

    private func failure(_ code: CURLcode) -> TransportFailure {
        if let proxy = triedProxy, let failure = failure(code, of: proxy) { return failure }
        return switch code {
        case CURLE_OPERATION_TIMEDOUT where isLookingUp:
            .timedOut(
                "the name of \(host)\(proxyName.isEmpty ? "" : " or of the proxy\(proxyName)") is not resolved in time")
        case CURLE_OPERATION_TIMEDOUT: .timedOut("\(host) does not answer in time")
        case CURLE_COULDNT_RESOLVE_HOST: .nameNotFound("cannot resolve the name of \(host)")
        case CURLE_COULDNT_RESOLVE_PROXY: .nameNotFound("cannot resolve the name of the proxy\(proxyName)")
        case CURLE_COULDNT_CONNECT: .unreachable("cannot connect to \(host): \(reason(code))")
        // Only for a POST that libcurl wanted to repeat.
        case CURLE_ABORTED_BY_CALLBACK: .broken("the connection to \(host) broke before its reply")
        case CURLE_SSL_CONNECT_ERROR where !isProtocolError:
            .unreachable("the TLS handshake with \(host) failed: \(reason(code))")
        case CURLE_SSL_CERTPROBLEM where request.certificate != nil:
            .tls("cannot use the client certificate and its key: \(reason(code))")
        case CURLE_SSL_CACERT_BADFILE:
            .tls(
                "the trusted certificates in '\(configuration.caFile ?? "")' (\(configuration.caSource)) cannot be used:"
                    + " \(reason(code))")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_ISSUER_ERROR:
            .tls("the TLS certificate or handshake of \(host) is refused: \(reason(code))\(clock(reason(code)))")
        case CURLE_FILESIZE_EXCEEDED: .bodyTooLarge(limit: configuration.bodyLimit)
        case CURLE_BAD_CONTENT_ENCODING: .malformed("the reply of \(host) cannot be decoded: \(reason(code))")
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL, CURLE_HTTP2:
            .malformed("\(host) does not speak HTTP: \(reason(code))")
        // libcurl reports a header line beyond its size limit this way.
        case CURLE_OUT_OF_MEMORY, Self.tooLarge: tooManyHeaders
        case _ where isTunnelRefused: .unreachable("the exchange with \(host) failed: \(reason(code))")
        default: .broken("the exchange with \(host) failed: \(reason(code))")
        }
    }

    /// An unreachable or refusing proxy is not a provider failure.
    private func failure(_ code: CURLcode, of proxy: NamedProxy) -> TransportFailure? {
        let name = "the proxy \(proxy.text) (\(proxy.source))"
        switch code {
        case CURLE_COULDNT_CONNECT: return .unreachable("cannot connect to \(name): \(reason(code))")
        case CURLE_OPERATION_TIMEDOUT where timesSent == 0: return .timedOut("\(name) does not answer in time")
        case _ where isTunnelRefused: return .unreachable("\(name) refuses the tunnel to \(host): \(reason(code))")
        default: return nil
        }
    }

    private var proxyName: String {
        NamedProxy(setting: configuration.proxy, variable: CurlTransport.environment)
            .map { " \($0.text) (\($0.source))" } ?? ""
    }

    /// CURLE_TOO_LARGE, added in libcurl 8.6.
    private static let tooLarge = CURLcode(rawValue: 100)

    private var tooManyHeaders: TransportFailure { .malformed("\(host) sends too many headers") }

    /// Whether OpenSSL reports a TLS error of the peer. For a connection that is reset or closed in the handshake it
    /// reports nothing or an unexpected end: a transient network failure.
    private var isProtocolError: Bool {
        let text = String(cString: errorText)
        return text.contains("SSL routines") && !text.contains("unexpected eof")
    }

    /// Adds a hint about the clock: a machine without a battery-backed clock boots in 1970.
    private func clock(_ reason: String) -> String {
        guard reason.contains("not yet valid") || reason.contains("expired") else { return "" }
        var (now, date) = (time(nil), tm())
        guard gmtime_r(&now, &date) != nil else { return "" }
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
        let day = "\(Int(date.tm_year) + 1900)-\(two(date.tm_mon + 1))-\(two(date.tm_mday))"
        return "; this machine's clock says \(day) \(two(date.tm_hour)):\(two(date.tm_min)) UTC"
    }

    /// libcurl's error text without control characters. libcurl never puts a proxy password into it.
    private func reason(_ code: CURLcode) -> String {
        let detail = String(cString: errorText)
        return DisplayText.clean(detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail, limit: 200)
    }

    /// Host and port of the URL.
    var host: String {
        String(request.url.origin.split(separator: "://", maxSplits: 1).last ?? "the server")
    }
}
