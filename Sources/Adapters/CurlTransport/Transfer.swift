internal import CCurl
internal import OAuth
internal import SecretMemory
internal import Synchronization

/// A running request, and the owner of the memory that libcurl needs for it.
///
/// All calls are made on the loop's thread, except `whenDone`, `start`, `cancel` and `finish`.
final class Transfer: @unchecked Sendable {
    // Sendable: only the loop's thread uses the handle and the buffers; the completion is behind a mutex.

    typealias Outcome = Result<HTTPResponse, TransportFailure>

    let request: HTTPRequest
    let configuration: CurlTransport.Configuration
    private let place = Mutex(Place.nowhere)
    private let completion = Mutex<(@Sendable (Outcome) -> Void)?>(nil)
    var easy: UnsafeMutableRawPointer?
    var headerList: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes here while the handle exists.
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// Error number of socket(2); 0 if it succeeded.
    let opened = UnsafeMutablePointer<ccurl_opened>.allocate(capacity: 1)
    /// Whether the process or the machine had no descriptor left. Written before the completion runs.
    var lackedDescriptor = false
    var isCancelled = false

    var headers: [(name: String, value: String)] = []
    var headerBytes = 0
    var body = WipedBytes()
    var isBodyTooLarge = false
    var areHeadersTooLarge = false
    var timesSent = 0
    var hasBegunLookup = false

    /// Authorization servers send less; more is refused.
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
        /// Cancelled before a loop had it.
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

    /// Cancels the transfer. Thread-safe; may be called before `start`.
    func cancel() {
        let loop: TransferLoop? = place.withLock { place in
            if case .on(let loop) = place { return loop }
            place = .cancelled
            return nil
        }
        loop?.cancel(self)
    }

    /// Delivers the result once; later results are dropped.
    func finish(_ outcome: Outcome) { completion.withLock { $0.take() }?(outcome) }

    /// Frees libcurl's memory. The handle must have been removed from the multi handle.
    func release() {
        if let easy { curl_easy_cleanup(easy) }
        easy = nil
        curl_slist_free_all(headerList)
        headerList = nil
    }
}
