/** The seed's own table: pages to be scraped, with the five columns and the two optional ones. */

export interface Page {
  id: number
  url: string
  price: number | null
  scrape_reservation_id: string | null
  scrape_reservation_time: number | null
  scrape_reservation_times: number | null
  scrape_start_time: number | null
  scrape_end_time: number | null
  scrape_success: boolean | null
  scrape_error: string | null
}

export const columns = {
  id: 'id',
  reservationId: 'scrape_reservation_id',
  reservationTime: 'scrape_reservation_time',
  reservationTimes: 'scrape_reservation_times',
  startTime: 'scrape_start_time',
  endTime: 'scrape_end_time',
  success: 'scrape_success',
  error: 'scrape_error',
} as const

export function pages(count: number): Page[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    url: `/page/${index + 1}`,
    price: null,
    scrape_reservation_id: null,
    scrape_reservation_time: null,
    scrape_reservation_times: null,
    scrape_start_time: null,
    scrape_end_time: null,
    scrape_success: null,
    scrape_error: null,
  }))
}
