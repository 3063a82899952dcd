// Loaded before anything else: a thread ends before it could do anything, by no error.
import { isMainThread } from 'node:worker_threads'

if (!isMainThread) process.exit(5)
