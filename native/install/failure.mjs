/** What stops an installation: its message is the one sentence that the user sees. */
export class InstallFailure extends Error {
	name = 'InstallFailure';
}

/** The clause that every failure to get libsrtp's source ends with. */
export const remedy =
	'set SALLYPORT_LIBSRTP_SOURCE to a folder or to libsrtp2_2.5.0.orig.tar.gz with the source of libsrtp 2.5.0';
