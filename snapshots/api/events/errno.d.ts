/** The error numbers that the modelled routines can answer. @source sys/errno.h */
export type Errno = 'EPERM' | 'ENOENT' | 'ESRCH' | 'ENXIO' | 'EINTR' | 'EIO' | 'ENOMEM' | 'EACCES' | 'EFAULT' | 'EBUSY' | 'EEXIST' | 'EINVAL' | 'EAGAIN' | 'ENOTTY' | 'ENODEV';
export declare const ERRNOS: readonly Errno[];
