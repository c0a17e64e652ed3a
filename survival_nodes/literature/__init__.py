"""What has been published: rates and ratios, typed by endpoint, estimand and time."""

from .published import kinds_of, published_rates

__all__ = ["kinds_of", "published_rates"]
