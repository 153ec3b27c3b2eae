internal import CCurl
internal import OAuth
internal import SecretMemory
internal import Synchronization

/// One request on its way, and the owner of what libcurl needs for it.
///
/// Everything but `whenDone`, `start`, `cancel` and `finish` happens on the loop's thread.
final class Transfer: @unchecked Sendable {
    // Sendable: the handle and the buffers are touched by the loop's thread only; the completion is behind a mutex.

    typealias Outcome = Result<HTTPResponse, TransportFailure>

    let request: HTTPRequest
    let configuration: CurlTransport.Configuration
    private let place = Mutex(Place.nowhere)
    private let completion = Mutex<(@Sendable (Outcome) -> Void)?>(nil)
    var easy: UnsafeMutableRawPointer?
    var headerList: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes here for as long as the handle lives.
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// Of socket(2); 0 if there was none.
    let opened = UnsafeMutablePointer<ccurl_opened>.allocate(capacity: 1)
    /// Whether it failed because this process, or the machine, has no descriptor left. Written before the completion.
    var lackedDescriptor = false
    var isCancelled = false

    var headers: [(name: String, value: String)] = []
    var headerBytes = 0
    var body = WipedBytes()
    var isBodyTooLarge = false
    var areHeadersTooLarge = false
    var timesSent = 0
    var hasBegunLookup = false

    /// More headers than this are no answer of an authorization server.
    static let longestHeaders = 64 * 1024

    init(_ request: HTTPRequest, _ configuration: CurlTransport.Configuration) {
        self.request = request
        self.configuration = configuration
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        opened.initialize(to: ccurl_opened(error: 0, port: 0))
    }

    deinit {
        errorText.deallocate()
        opened.deallocate()
    }

    func whenDone(_ completion: @escaping @Sendable (Outcome) -> Void) {
        self.completion.withLock { $0 = completion }
    }

    private enum Place {
        case nowhere
        case on(TransferLoop)
        /// Before it was on any.
        case cancelled
    }

    func start(on loop: TransferLoop) {
        let isCancelled = place.withLock { place in
            if case .cancelled = place { return true }
            place = .on(loop)
            return false
        }
        if isCancelled { finish(.failure(.cancelled)) } else { loop.start(self) }
    }

    /// May be called from anywhere, also before `start`.
    func cancel() {
        let loop: TransferLoop? = place.withLock { place in
            if case .on(let loop) = place { return loop }
            place = .cancelled
            return nil
        }
        loop?.cancel(self)
    }

    /// Tells the result once; later ones are dropped.
    func finish(_ outcome: Outcome) { completion.withLock { $0.take() }?(outcome) }

    /// Frees what libcurl was given. The handle must be out of the multi handle by now.
    func release() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        curl_slist_free_all(headerList)
        headerList = nil
    }
}
