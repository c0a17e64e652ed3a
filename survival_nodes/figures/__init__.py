"""A frame in, a picture out: nothing here estimates anything."""

from .beside_published import published
from .crude_stack import crude_probabilities
from .curve_view import CurveView
from .curves import kaplan_meier
from .figure import Figure
from .flow_chart import flow
from .forest_plot import forest
from .incidence_curves import incidence
from .net_curves import net_survival

__all__ = ["CurveView", "Figure", "crude_probabilities", "flow", "forest", "incidence", "kaplan_meier", "net_survival", "published"]
