//! From the name of an error, as it is recorded, to the value that `wasi:http` tells a guest.

use wasmtime_wasi_http::Error;

use crate::exchange::Unanswered;

/// More came back than was allowed.
pub(super) const RESPONSE_TOO_LARGE: &str = "HTTP-response-body-size";

/// The error of this name; one without a name of its own is the interface's internal one, with the words.
pub(super) fn from_name(unanswered: &Unanswered) -> Error {
    match unanswered.code.as_str() {
        "DNS-timeout" => Error::DnsTimeout,
        "DNS-error" => Error::DnsError {
            rcode: None,
            info_code: None,
        },
        "destination-not-found" => Error::DestinationNotFound,
        "destination-unavailable" => Error::DestinationUnavailable,
        "destination-IP-prohibited" => Error::DestinationIpProhibited,
        "destination-IP-unroutable" => Error::DestinationIpUnroutable,
        "connection-refused" => Error::ConnectionRefused,
        "connection-terminated" => Error::ConnectionTerminated,
        "connection-timeout" => Error::ConnectionTimeout,
        "connection-read-timeout" => Error::ConnectionReadTimeout,
        "connection-write-timeout" => Error::ConnectionWriteTimeout,
        "connection-limit-reached" => Error::ConnectionLimitReached,
        "TLS-protocol-error" => Error::TlsProtocolError,
        "TLS-certificate-error" => Error::TlsCertificateError,
        "TLS-alert-received" => Error::TlsAlertReceived {
            alert_id: None,
            alert_message: None,
        },
        "HTTP-request-denied" => Error::HttpRequestDenied,
        "HTTP-request-length-required" => Error::HttpRequestLengthRequired,
        "HTTP-request-body-size" => Error::HttpRequestBodySize(None),
        "HTTP-request-method-invalid" => Error::HttpRequestMethodInvalid,
        "HTTP-request-URI-invalid" => Error::HttpRequestUriInvalid,
        "HTTP-request-URI-too-long" => Error::HttpRequestUriTooLong,
        "HTTP-request-header-section-size" => Error::HttpRequestHeaderSectionSize(None),
        "HTTP-request-header-size" => Error::HttpRequestHeaderSize {
            field_name: None,
            field_size: None,
        },
        "HTTP-response-incomplete" => Error::HttpResponseIncomplete,
        "HTTP-response-header-section-size" => Error::HttpResponseHeaderSectionSize(None),
        "HTTP-response-header-size" => Error::HttpResponseHeaderSize {
            field_name: None,
            field_size: None,
        },
        RESPONSE_TOO_LARGE => Error::HttpResponseBodySize(None),
        "HTTP-response-transfer-coding" => Error::HttpResponseTransferCoding(None),
        "HTTP-response-content-coding" => Error::HttpResponseContentCoding(None),
        "HTTP-response-timeout" => Error::HttpResponseTimeout,
        "HTTP-upgrade-failed" => Error::HttpUpgradeFailed,
        "HTTP-protocol-error" => Error::HttpProtocolError,
        "loop-detected" => Error::LoopDetected,
        "configuration-error" => Error::ConfigurationError,
        _ => Error::InternalError(Some(unanswered.detail.clone())),
    }
}
