/** Pages as documents whose fields for reservations lie beside the user's own, in an object of the user's own. */
import type { Document, ObjectId } from 'mongodb'

export const fields = {
  reservationId: 'scrape.reservationId',
  reservationTime: 'scrape.reservationTime',
  reservationTimes: 'scrape.reservationTimes',
  startTime: 'scrape.startTime',
  endTime: 'scrape.endTime',
} as const

export interface Page {
  _id: ObjectId
  url: string
  price: number | null
  tags: string[]
  scrape: { note: string } & Document
}

/** A page as the user makes it: nothing is there yet of what a dispatcher writes. */
export function page(_id: ObjectId, at: number): Page {
  return {
    _id,
    url: `https://shop.example/${at}`,
    price: null,
    tags: [`t${at % 7}`, 'ä "q" $x'],
    scrape: { note: `n${at}` },
  }
}
