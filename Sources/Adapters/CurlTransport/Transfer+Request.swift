internal import CCurl
internal import OAuth
internal import SecretMemory

extension Transfer {
    /// Creates the easy handle. It refers to this object and to the body's locked memory, both of which outlive it.
    func prepare() -> Result<UnsafeMutableRawPointer, TransportFailure> {
        guard let easy = curl_easy_init() else { return .failure(.unreachable("out of memory")) }
        self.easy = easy
        let url = request.url.text
        let isPlain = url.lowercased().hasPrefix("http://")
        ccurl_set_string(easy, CURLOPT_URL, url)
        // An EndpointURL with http is always a loopback URL.
        ccurl_set_string(easy, CURLOPT_PROTOCOLS_STR, isPlain ? "http" : "https")
        ccurl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        ccurl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // Without it, a transfer that ends during a hanging getaddrinfo(3) blocks the thread and all other transfers.
        ccurl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
        ccurl_set_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        ccurl_set_long(easy, CURLOPT_HTTP09_ALLOWED, 0)
        // Empty: every encoding of this libcurl. `append` counts the decoded bytes.
        ccurl_set_string(easy, CURLOPT_ACCEPT_ENCODING, "")
        ccurl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        // Programs that the agent starts must not inherit a provider's connection.
        ccurl_set_close_on_exec(easy, opened)
        ccurl_set_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        ccurl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1)
        ccurl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2)
        ccurl_set_string(easy, CURLOPT_USERAGENT, configuration.userAgent)
        ccurl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.milliseconds)
        ccurl_set_long(easy, CURLOPT_TIMEOUT_MS, (request.timeLimit ?? configuration.totalTimeout).milliseconds)
        ccurl_set_size(easy, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(configuration.bodyLimit))
        if let proxy = configuration.proxy { ccurl_set_string(easy, CURLOPT_PROXY, proxy) }
        // A plain request must never reach a proxy, which may be on another host and could read it.
        if let noProxy = isPlain ? "*" : configuration.noProxy { ccurl_set_string(easy, CURLOPT_NOPROXY, noProxy) }
        if let caFile = configuration.caFile {
            ccurl_set_string(easy, CURLOPT_CAINFO, caFile)
            // Debian's libcurl would trust the system's CA directory in addition.
            ccurl_set_string(easy, CURLOPT_CAPATH, nil)
        }
        setCertificate(easy)
        ccurl_set_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        setMethod(easy)
        setHeaders(easy)
        setSinks(easy)
        setSendOnce(easy)
        setLookupWatch(easy)
        return .success(easy)
    }

    private func setMethod(_ easy: UnsafeMutableRawPointer) {
        switch request.method {
        case .get: ccurl_set_long(easy, CURLOPT_HTTPGET, 1)
        case .post: ccurl_set_long(easy, CURLOPT_POST, 1)
        case .delete: ccurl_set_string(easy, CURLOPT_CUSTOMREQUEST, "DELETE")
        }
        guard request.method == .post || request.body != nil else { return }
        ccurl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body?.count ?? 0))
        // Not copied: libcurl reads the locked memory, which the request keeps until its end.
        if let body = request.body {
            body.withBytes { _ = ccurl_set_constant(easy, CURLOPT_POSTFIELDS, $0.baseAddress) }
        } else {
            ccurl_set_string(easy, CURLOPT_COPYPOSTFIELDS, "")
        }
    }

    /// Sets the header lines. libcurl copies them: an Authorization header is in unlocked memory until the request
    /// ends.
    private func setHeaders(_ easy: UnsafeMutableRawPointer) {
        for header in request.headers {
            headerList = curl_slist_append(headerList, "\(header.name): \(header.value)")
        }
        // Do not wait for "100 Continue": the bodies are small.
        headerList = curl_slist_append(headerList, "Expect:")
        // Decode an encoding, but do not request one: some caches send one unasked.
        headerList = curl_slist_append(headerList, "Accept-Encoding:")
        if request.method != .get, !request.headers.contains(where: { $0.name.lowercased() == "content-type" }) {
            headerList = curl_slist_append(headerList, "Content-Type: application/x-www-form-urlencoded")
        }
        ccurl_set_list(easy, CURLOPT_HTTPHEADER, headerList)
    }

    private func setSinks(_ easy: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_pointer(easy, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(easy, CURLOPT_HEADERDATA, context)
        ccurl_set_sink(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.append(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
        ccurl_set_sink(easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            return transfer.appendHeader(UnsafeRawBufferPointer(start: bytes, count: size * count)) ? size * count : 0
        }
    }

    /// Prevents libcurl from repeating a request when a reused connection breaks without a reply. The server may have
    /// acted on the first one (RFC 9110 §9.2.2), and a repeated refresh token looks stolen.
    private func setSendOnce(_ easy: UnsafeMutableRawPointer) {
        guard request.method == .post else { return }
        ccurl_set_pointer(easy, CURLOPT_PREREQDATA, Unmanaged.passUnretained(self).toOpaque())
        ccurl_set_before_request(easy) { context, _, _, _, _ in
            guard let context else { return CURL_PREREQFUNC_ABORT }
            let transfer = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
            transfer.timesSent += 1
            return transfer.timesSent == 1 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
    }

    private func setLookupWatch(_ easy: UnsafeMutableRawPointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_set_before_lookup(
            easy,
            { _, _, context in
                guard let context else { return 0 }
                Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().hasBegunLookup = true
                return 0
            }, context)
    }

    /// Appends body bytes; false ends the transfer.
    private func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= configuration.bodyLimit else {
            isBodyTooLarge = true
            return false
        }
        body.append(bytes)
        return true
    }

    private func appendHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Self.longestHeaders else {
            areHeadersTooLarge = true
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self)
        // The head of an interim response, or of a proxy's reply to CONNECT, ends where the next begins.
        if line.hasPrefix("HTTP/") {
            headers = []
            return true
        }
        let parts = line.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return true }
        let value = parts[1].drop { $0 == " " }.prefix { !$0.isNewline }
        headers.append((String(parts[0]), String(value)))
        return true
    }
}

extension Duration {
    /// At least 1: libcurl reads 0 as no limit.
    fileprivate var milliseconds: Int {
        max(1, Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000))
    }
}

extension Transfer {
    /// Sets the client certificate of the request (RFC 8705), if it has one. libcurl reads certificate and key from
    /// locked memory, which the request keeps until its end.
    func setCertificate(_ easy: UnsafeMutableRawPointer) {
        guard let certificate = request.certificate else { return }
        ccurl_set_string(easy, CURLOPT_SSLCERTTYPE, "PEM")
        ccurl_set_string(easy, CURLOPT_SSLKEYTYPE, "PEM")
        certificate.chain.withBytes { _ = ccurl_set_blob(easy, CURLOPT_SSLCERT_BLOB, $0.baseAddress, $0.count) }
        certificate.key.withBytes { _ = ccurl_set_blob(easy, CURLOPT_SSLKEY_BLOB, $0.baseAddress, $0.count) }
        // OpenSSL would ask the terminal for an encrypted key's passphrase and block the transfer thread.
        ccurl_set_string(easy, CURLOPT_KEYPASSWD, "")
        // A reused connection or TLS session authenticates with the certificate it was created with: never share one
        // between clients, nor keep one after a renewal of the certificate.
        ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
        ccurl_set_long(easy, CURLOPT_FORBID_REUSE, 1)
        ccurl_set_long(easy, CURLOPT_SSL_SESSIONID_CACHE, 0)
    }
}
