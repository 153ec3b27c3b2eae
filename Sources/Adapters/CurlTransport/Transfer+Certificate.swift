internal import CCurl
internal import OAuth
internal import SecretMemory

extension Transfer {
    /// What the client shows in the handshake (RFC 8705), if the request brings it. libcurl reads both from the locked
    /// memory, which the request keeps until the end.
    func setCertificate(_ easy: UnsafeMutableRawPointer) {
        guard let certificate = request.certificate else { return }
        ccurl_set_string(easy, CURLOPT_SSLCERTTYPE, "PEM")
        ccurl_set_string(easy, CURLOPT_SSLKEYTYPE, "PEM")
        certificate.chain.withBytes { _ = ccurl_set_blob(easy, CURLOPT_SSLCERT_BLOB, $0.baseAddress, $0.count) }
        certificate.key.withBytes { _ = ccurl_set_blob(easy, CURLOPT_SSLKEY_BLOB, $0.baseAddress, $0.count) }
        // For a key that is encrypted OpenSSL would ask the terminal, and everybody would wait for it.
        ccurl_set_string(easy, CURLOPT_KEYPASSWD, "")
        // A connection, or a session that goes on, proves who made it: nobody else's request may use it, nor one with a
        // certificate that has been renewed since.
        ccurl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
        ccurl_set_long(easy, CURLOPT_FORBID_REUSE, 1)
        ccurl_set_long(easy, CURLOPT_SSL_SESSIONID_CACHE, 0)
    }
}
