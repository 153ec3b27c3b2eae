internal import CCurl
internal import OAuth
internal import SecretMemory

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
